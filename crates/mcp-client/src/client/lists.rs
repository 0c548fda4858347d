//! Reads all pages of a list.

use std::{pin::pin, sync::Arc, time::Duration};

use super::client::Client;
use crate::{
    compat::Deviation,
    error::Error,
    protocol::Session,
    request::{Deadline, Limits, ListParams, MethodName},
    result::{Bounds, Decode, InvalidEntry, ListResult, Listable, Page, Pages, decode_page},
};

impl Client {
    /// Reads all pages of a list.
    pub(super) async fn list_all<T: Listable>(&self) -> Result<ListResult<T>, Error> {
        let (pages, _) =
            self.list_pages(MethodName::Borrowed(T::METHOD), &decode_page::<T>).await?;
        let cache = pages.hint();
        let (mut items, mut invalid) = (Vec::new(), Vec::new());
        for entry in pages.into_items() {
            match entry {
                Ok(item) => items.push(item),
                Err(entry) => invalid.push(entry),
            }
        }
        Ok(ListResult { items, invalid: self.redacted(invalid), cache })
    }

    /// Redacts secrets in the reasons and the names of invalid entries, which are meant for logs.
    pub(super) fn redacted(&self, invalid: Vec<InvalidEntry>) -> Vec<InvalidEntry> {
        if invalid.is_empty() {
            return invalid;
        }
        let redactor = self.redactor();
        let redact = |text: &str| redactor.redact(text).into_owned();
        let entries = invalid.into_iter().map(|InvalidEntry { name, reason }| InvalidEntry {
            name: name.as_deref().map(redact),
            reason: redactor.redact_shortened(&reason).into_owned(),
        });
        entries.collect()
    }

    /// Removes an empty cursor, which means the end of a list up to 2025-11-25. In later versions, it
    /// is a cursor like others.
    fn without_empty_cursor<T>(&self, page: Page<T>, session: &Option<Arc<Session>>) -> Page<T> {
        if session.is_none() || page.next.as_deref() != Some("") {
            return page;
        }
        self.shared.client_state.deviations.record(Deviation::EmptyCursor);
        Page { next: None, ..page }
    }

    /// Reads all pages of a list. Also returns the session that they came from.
    pub(super) async fn list_pages<T>(
        &self,
        method: MethodName,
        decode: Decode<'_, Page<T>>,
    ) -> Result<(Pages<T>, Option<Arc<Session>>), Error> {
        let Limits { max_pages: pages, max_items: items, max_list_bytes: bytes, .. } = self.limits;
        let list_deadline = Deadline::new(Duration::MAX, self.total_timeout());
        let list = pin!(async {
            let mut pages = Pages::new(method.clone(), Bounds { pages, items, bytes });
            // The session that the cursors belong to (MCP server/utilities/pagination).
            let mut session = None;
            loop {
                let params = ListParams { cursor: pages.cursor() };
                session = session.filter(|_| params.cursor.is_some());
                let deadline = self.new_deadline();
                let request = self.new_request(method.clone(), &params, &deadline);
                let page = {
                    let page = pin!(self.shared.protocol.call(&request, &mut session, decode));
                    self.request_with_deadline(&request, page).await
                };
                if pages.add(page.map(|page| self.without_empty_cursor(page, &session)))?.is_break()
                {
                    return Ok((pages, session));
                }
            }
        });
        self.with_deadline(&list_deadline, &method, list).await
    }
}
