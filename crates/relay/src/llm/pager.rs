//! Pages of long texts for a model.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;

use crate::tool_output::ToolOutput;

/// The maximum number of kept texts.
const MAX_TEXTS: usize = 100;
/// The maximum size of all kept texts together, in bytes.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Splits long tool outputs into pages, so that they fit into the context of a model. The model can
/// request more pages with a tool.
///
/// Use one pager per conversation. Everyone who can use a pager can read all texts that it keeps.
/// Each [`ToolOutput`] stays complete for the application.
///
/// If possible, a page ends after a line, or else after a word. The pager keeps at most 100 texts
/// and 32 MiB. Beyond that, the oldest text is removed.
///
/// # Examples
///
/// ```
/// use relay::{Pager, ToolOutput};
/// use serde_json::json;
///
/// let pager = Pager::new(15);
/// let output = ToolOutput::from("one line\nanother line\na third line".to_owned());
/// let shown = pager.show(&output);
/// assert!(shown.starts_with("one line\n[page 1 of 3"));
///
/// // The model calls the tool `Pager::TOOL_NAME` with these arguments.
/// let arguments = json!({ "text": 1, "page": 2 });
/// let page = pager.call(&arguments.to_string());
/// assert!(page.text().starts_with("another line\n[page 2 of 3"));
/// ```
pub struct Pager {
    /// The length of a page, in characters.
    page_length: usize,
    kept: Mutex<KeptTexts>,
}

#[derive(Default)]
struct KeptTexts {
    /// The number of texts that were removed.
    removed: u64,
    texts: VecDeque<Arc<str>>,
}

/// The arguments of the paging tool.
#[derive(Deserialize)]
struct PageRequest {
    text: u64,
    page: usize,
}

impl Pager {
    /// The name of the tool that returns further pages.
    pub const TOOL_NAME: &str = "relay__more";
    /// The description of the tool for the model.
    pub const DESCRIPTION: &str =
        "Shows another page of a text that was too long to be shown whole.";
    /// The JSON Schema of the arguments of the tool.
    pub const SCHEMA: &str = r#"{"type":"object","properties":{"text":{"type":"integer","description":"The number of the text"},"page":{"type":"integer","description":"The page, from 1"}},"required":["text","page"],"additionalProperties":false}"#;

    /// Creates a pager with pages of this many characters. The note about further pages is not
    /// counted.
    pub fn new(page_length: usize) -> Self {
        Self { page_length: page_length.max(1), kept: Mutex::default() }
    }

    /// Returns the output as text if it fits on one page. Otherwise, keeps the text and returns its
    /// first page.
    pub fn show(&self, output: &ToolOutput) -> String {
        let text = output.text();
        if text.chars().nth(self.page_length).is_none() {
            return text;
        }
        let text: Arc<str> = text.into();
        let number = self.keep(&text);
        self.render_page(&text, number, 1).unwrap_or_default()
    }

    /// Handles a call of [`Pager::TOOL_NAME`]. `arguments` is the text of a JSON object.
    pub fn call(&self, arguments: &str) -> ToolOutput {
        let request =
            serde_json::from_str(arguments).map_err(|_| "\"text\" and \"page\" must be numbers");
        let page = request.and_then(|PageRequest { text, page }| {
            let whole = self.text(text).ok_or("there is no such text any more")?;
            self.render_page(&whole, text, page).ok_or("the text has no such page")
        });
        let is_error = page.is_err();
        let text = page.unwrap_or_else(str::to_owned);
        ToolOutput { is_error, ..text.into() }
    }

    /// Keeps a text, and removes the oldest texts beyond the limits. Returns its number.
    fn keep(&self, text: &Arc<str>) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.texts.push_back(Arc::clone(text));
        while kept.texts.len() > 1
            && (kept.texts.len() > MAX_TEXTS
                || kept.texts.iter().map(|text| text.len()).sum::<usize>() > MAX_BYTES)
        {
            kept.texts.pop_front();
            kept.removed += 1;
        }
        kept.removed + kept.texts.len() as u64
    }

    /// Returns a text by its number, from 1.
    fn text(&self, number: u64) -> Option<Arc<str>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number.checked_sub(kept.removed + 1)?).ok()?;
        kept.texts.get(index).cloned()
    }

    /// Returns a page of a text, with a note about the next page. `None` if there is no such page.
    fn render_page(&self, text: &str, number: u64, page: usize) -> Option<String> {
        let count = self.pages(text).count();
        let content = self.pages(text).nth(page.checked_sub(1)?)?;
        let next = match page < count {
            true => format!(
                "; `{}` with {{\"text\":{number},\"page\":{}}} shows the next",
                Self::TOOL_NAME,
                page + 1
            ),
            false => String::new(),
        };
        Some(format!("{}\n[page {page} of {count}{next}]", content.trim_end_matches('\n')))
    }

    fn pages<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let (max, mut rest) = (self.page_length, text);
        std::iter::from_fn(move || {
            let end = rest.char_indices().nth(max).map_or(rest.len(), |(end, _)| cut(&rest[..end]));
            let (page, after) = rest.split_at(end);
            rest = after;
            (!page.is_empty()).then_some(page)
        })
    }
}

/// Returns the end of a page in this text. The page ends after the last line break in the second
/// half of the text. Without one, it ends after the last space there, or at the end of the text.
fn cut(text: &str) -> usize {
    let after = |end: Option<usize>| end.map(|at| at + 1).filter(|at| *at > text.len() / 2);
    after(text.rfind('\n')).or_else(|| after(text.rfind(' '))).unwrap_or(text.len())
}

impl fmt::Debug for Pager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("page", &self.page_length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn ask(pager: &Pager, text: u64, page: usize) -> ToolOutput {
        pager.call(&json!({ "text": text, "page": page }).to_string())
    }

    #[test]
    fn short_output_is_unchanged() {
        let pager = Pager::new(4);
        assert_eq!(
            pager.show(&"\u{e9}\u{e9}\u{e9}\u{e9}".to_owned().into()),
            "\u{e9}\u{e9}\u{e9}\u{e9}"
        );
        assert!(ask(&pager, 1, 1).is_error);
    }

    #[test]
    fn the_number_of_kept_texts_is_bounded() {
        let pager = Pager::new(1);
        for _ in 0..MAX_TEXTS + 5 {
            pager.show(&"ab".to_owned().into());
        }
        assert_eq!(ask(&pager, 5, 1).text(), "ERROR: there is no such text any more");
        assert!(ask(&pager, 6, 2).text().starts_with("b\n[page 2 of 2]"));
        assert_eq!(ask(&pager, 6, 3).text(), "ERROR: the text has no such page");
        assert!(ask(&pager, 6, 0).is_error && ask(&pager, 0, 1).is_error);
        assert!(pager.call("{").is_error && pager.call(r#"{"text":-1,"page":1}"#).is_error);
        let wide = Pager::new(MAX_BYTES / 4);
        let long = ToolOutput::from("x".repeat(MAX_BYTES));
        (0..2).for_each(|_| drop(wide.show(&long)));
        assert!(ask(&wide, 1, 1).is_error && !ask(&wide, 2, 4).is_error);
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn pages_together_are_the_whole_text(text in "[ab \\n\u{2713}]{0,60}", max in 1_usize..12) {
            let pages: Vec<_> = Pager::new(max).pages(&text).map(str::to_owned).collect();
            prop_assert_eq!(pages.concat(), text);
            prop_assert!(pages.iter().all(|page| page.chars().count() <= max));
        }
    }
}
