//! A handler that keeps what it was asked, and answers in the mood that it is in.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{FutureExt, future::BoxFuture};
use mcp_client::{
    BoxError, Handler, Refused, Serves, UrlElicitation,
    mcp_types::v2026_07_28::{
        CreateMessageRequestParams, CreateMessageResult, ElicitAction, ElicitRequestFormParams,
        ElicitResult, Root,
    },
};
use serde_json::{from_value, json};
use tokio::sync::watch;

use super::soon;

/// Everything that a handler can serve.
pub(crate) const ALL: Serves = Serves::nothing().form().url().sampling_with_tools().roots();

/// A handler; clones are the same one.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Shared>);

struct Shared {
    serves: Serves,
    mood: Mood,
    asked: Mutex<Vec<String>>,
    /// How many are being served.
    at_work: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

/// How questions are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Willing,
    /// Willing, once the desk is open.
    Late,
    Refusing,
    Failing,
    Panicking,
    /// Gives what must not be sent.
    Wrong,
}

struct AtWork<'a>(&'a watch::Sender<usize>);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Desk {
    pub(crate) fn new(serves: Serves, mood: Mood) -> Self {
        Self(Arc::new(Shared {
            serves,
            mood,
            asked: Mutex::default(),
            at_work: watch::Sender::default(),
            open: watch::Sender::default(),
        }))
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets it answer.
    pub(crate) fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Waits until it is at work on so many questions.
    pub(crate) async fn at_work(&self, count: usize) {
        let mut at_work = self.0.at_work.subscribe();
        soon(at_work.wait_for(|it| *it == count)).await.expect("a sender");
    }

    fn note(&self, question: String) {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).push(question);
    }

    fn serve<T: Send + 'static>(
        &self,
        question: String,
        good: T,
        wrong: T,
    ) -> BoxFuture<'_, Result<T, BoxError>> {
        self.note(question);
        async {
            self.0.at_work.send_modify(|count| *count += 1);
            let _at_work = AtWork(&self.0.at_work);
            match self.0.mood {
                Mood::Willing => Ok(good),
                Mood::Late => {
                    self.0.open.subscribe().wait_for(|open| *open).await?;
                    Ok(good)
                }
                Mood::Refusing => Err(Refused.into()),
                Mood::Failing => Err("the desk burns, and the password is hunter2".into()),
                Mood::Panicking => panic!("the desk falls over"),
                Mood::Wrong => Ok(wrong),
            }
        }
        .boxed()
    }
}

impl Handler for Desk {
    fn serves(&self) -> Serves {
        self.0.serves
    }

    fn elicit_form(
        &self,
        form: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let accepted = |content| {
            let content = from_value(content).expect("an object");
            ElicitResult::new(ElicitAction::Accept).with_content(content)
        };
        let question = format!("form: {}", form.message);
        self.serve(question, accepted(json!({})), accepted(json!({ "name": ["no", 1] })))
    }

    fn elicit_url(
        &self,
        elicitation: UrlElicitation,
    ) -> BoxFuture<'_, Result<ElicitAction, BoxError>> {
        let UrlElicitation { message, url, id, .. } = elicitation;
        let id = if id.is_some() { " (with an id)" } else { "" };
        self.serve(format!("url: {message} {url}{id}"), ElicitAction::Accept, ElicitAction::Cancel)
    }

    fn url_done(&self, elicitation_id: &str) {
        self.note(format!("done: {elicitation_id}"));
    }

    fn sample(
        &self,
        params: CreateMessageRequestParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, BoxError>> {
        let reply: CreateMessageResult = from_value(json!({
            "role": "assistant", "model": "m", "content": [{ "type": "text", "text": "hello" }],
        }))
        .expect("a reply");
        self.serve(format!("sampling: {} tokens", params.max_tokens), reply.clone(), reply)
    }

    fn roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
        let root = |uri: &str| vec![Root::new(uri)];
        self.serve("roots".to_owned(), root("file:///home"), root("https://example.com"))
    }
}
