//! A reader of event streams.

use reqwest::Response;
use serde_json::Value;

/// Reads an event stream event by event.
pub(crate) struct EventReader {
    response: Response,
    text: String,
}

/// One event; missing fields are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) retry: String,
    pub(crate) data: String,
}

impl EventReader {
    pub(crate) fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// Returns the next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = Event::parse(event);
                self.text = rest.to_owned();
                return Some(event);
            }
            let chunk = self.response.chunk().await.expect("no broken body")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// Returns the message of the next event.
    pub(crate) async fn message(&mut self) -> Value {
        self.next().await.expect("an event").message()
    }

    /// Returns the messages until the end of the stream.
    pub(crate) async fn remaining_messages(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(event) = self.next().await {
            messages.push(event.message());
        }
        messages
    }
}

impl Event {
    fn parse(text: &str) -> Self {
        let mut event = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(": ").expect("a field");
            match name {
                "id" => event.id = value.to_owned(),
                "retry" => event.retry = value.to_owned(),
                "data" => event.data = value.to_owned(),
                "event" => assert_eq!(value, "message"),
                other => panic!("{other}"),
            }
        }
        event
    }

    pub(crate) fn message(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}
