//! The changes that a watch has not taken yet.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use super::change::Change;

/// How many changes wait to be taken, beyond those of what is watched by name.
const MOST: usize = 1_000;

/// How long a URI may be to be kept, in bytes.
const LONGEST: usize = 8 * 1024;

/// What has changed of what is watched, each change once.
///
/// A server may name parts of a resource without end; where they become too many, or too long, it
/// is everything that has changed.
#[derive(Debug)]
pub(crate) struct Inbox {
    watched: BTreeSet<Change>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pending: BTreeSet<Change>,
    refused: BTreeSet<Change>,
    /// Whether the server tells of changes at the moment, and whether it ever did.
    open: bool,
    was_open: bool,
    reader: Option<Waker>,
}

impl Inbox {
    pub(crate) fn new(watched: BTreeSet<Change>) -> Self {
        Self { watched, state: Mutex::default() }
    }

    /// What is watched.
    pub(crate) fn watched(&self) -> &BTreeSet<Change> {
        &self.watched
    }

    /// The server is about to be asked to tell of changes.
    pub(crate) fn begin(&self) {
        self.lock().open = false;
    }

    /// From now on the server tells of what it has `granted`. What happened since it last did,
    /// nobody knows.
    pub(crate) fn open(&self, granted: &BTreeSet<Change>) {
        let mut state = self.lock();
        state.refused = self.watched.difference(granted).cloned().collect();
        state.open = true;
        if mem::replace(&mut state.was_open, true) {
            self.miss(&mut state);
        }
    }

    /// Something may have happened that nobody told: all that the server tells of has changed.
    pub(crate) fn missed(&self) {
        self.miss(&mut self.lock());
    }

    fn miss(&self, state: &mut State) {
        state.pending.extend(self.watched.difference(&state.refused).cloned());
        state.wake();
    }

    /// Whether the server tells of changes at the moment.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// Whether it ever did.
    pub(crate) fn was_open(&self) -> bool {
        self.lock().was_open
    }

    pub(crate) fn refused(&self) -> Vec<Change> {
        self.lock().refused.iter().cloned().collect()
    }

    /// Something has changed that may be watched.
    pub(crate) fn put(&self, change: Change) {
        let watched = self.watched.contains(&change);
        let long = matches!(&change, Change::Resource(uri) if uri.len() > LONGEST);
        if !watched && !self.watches_resources(&change) {
            return;
        }
        let mut state = self.lock();
        if !watched && (long || state.pending.len() >= self.watched.len() + MOST) {
            state.pending.clear();
            self.miss(&mut state);
        } else {
            state.pending.insert(change);
        }
        state.wake();
    }

    /// Whether it is about a resource, and one is watched: it may be a part of that.
    fn watches_resources(&self, change: &Change) -> bool {
        let is_resource = |change: &Change| matches!(change, Change::Resource(_));
        is_resource(change) && self.watched.iter().any(is_resource)
    }

    /// Whether it is watched, or is a part of what is, as far as its URI shows.
    fn names(&self, change: &Change) -> bool {
        let Change::Resource(uri) = change else { return self.watched.contains(change) };
        self.watched.iter().any(|watched| {
            matches!(watched, Change::Resource(watched) if uri.starts_with(watched.as_str()))
        })
    }

    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<Change> {
        let mut state = self.lock();
        match state.pending.pop_first() {
            Some(change) => Poll::Ready(change),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// All who watch in the conversations of a client that are not told each by itself.
#[derive(Debug, Default)]
pub(crate) struct Inboxes(Mutex<Vec<Weak<Inbox>>>);

impl Inboxes {
    /// Tells it of changes, for as long as it is there.
    pub(crate) fn add(&self, inbox: &Arc<Inbox>) {
        let mut all = self.lock();
        all.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&Arc::downgrade(inbox)));
        all.push(Arc::downgrade(inbox));
    }

    /// Tells it no longer.
    pub(crate) fn remove(&self, inbox: &Arc<Inbox>) {
        self.lock().retain(|other| !other.ptr_eq(&Arc::downgrade(inbox)));
    }

    /// Whether somebody watches just this.
    pub(crate) fn watch(&self, change: &Change) -> bool {
        self.all().iter().any(|inbox| inbox.watched.contains(change))
    }

    /// Tells those who watch it, or what it seems to be a part of; where it seems to be a part of
    /// nothing, all who watch a resource.
    pub(crate) fn put(&self, change: &Change) {
        let all = self.all();
        let known = all.iter().any(|inbox| inbox.names(change));
        for inbox in all.iter().filter(|inbox| !known || inbox.names(change)) {
            inbox.put(change.clone());
        }
    }

    /// Tells all that something may have happened that nobody told.
    pub(crate) fn missed(&self) {
        self.all().iter().for_each(|inbox| inbox.missed());
    }

    fn all(&self) -> Vec<Arc<Inbox>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Inbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(uri: &str) -> Change {
        Change::Resource(uri.to_owned())
    }

    fn inbox(watched: &[Change]) -> Arc<Inbox> {
        Arc::new(Inbox::new(watched.iter().cloned().collect()))
    }

    fn take(inbox: &Inbox) -> Vec<Change> {
        let cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(change) = inbox.poll_take(&cx) {
            taken.push(change);
        }
        taken
    }

    #[test]
    fn a_change_waits_once() {
        let inbox = inbox(&[Change::Tools, resource("a://b")]);
        for _ in 0..3 {
            inbox.put(Change::Tools);
            inbox.put(resource("a://b/c"));
            inbox.put(Change::Prompts);
        }
        assert_eq!(take(&inbox), [Change::Tools, resource("a://b/c")]);
        assert_eq!(take(&inbox), []);
    }

    #[test]
    fn changes_without_end_take_no_memory_without_end() {
        let inbox = inbox(&[Change::Tools, resource("a://b")]);
        for number in 0..10 * MOST {
            inbox.put(resource(&number.to_string()));
            assert!(inbox.lock().pending.len() <= 2 + MOST);
        }
        let taken = take(&inbox);
        assert!(taken.contains(&Change::Tools) && taken.contains(&resource("a://b")));
        inbox.put(resource(&"x".repeat(LONGEST + 1)));
        assert_eq!(take(&inbox), [Change::Tools, resource("a://b")]);
        // What the server does not tell of has not changed.
        inbox.open(&BTreeSet::from([resource("a://b")]));
        inbox.put(resource(&"x".repeat(LONGEST + 1)));
        assert_eq!(take(&inbox), [resource("a://b")]);
    }

    #[test]
    fn what_was_missed_counts_as_changed() {
        let inbox = inbox(&[Change::Tools, Change::Prompts]);
        let granted = BTreeSet::from([Change::Tools, Change::Resources]);
        inbox.open(&granted);
        assert_eq!((take(&inbox), inbox.refused()), (vec![], vec![Change::Prompts]));
        inbox.open(&granted);
        assert_eq!(take(&inbox), [Change::Tools]);
    }

    #[test]
    fn parts_of_resources_are_told_to_whom_they_concern() {
        // RES-04, N-SUB-05
        let inboxes = Inboxes::default();
        let (folder, file) = (inbox(&[resource("a://b/")]), inbox(&[resource("a://b/c")]));
        let tools = inbox(&[Change::Tools]);
        for inbox in [&folder, &file, &tools] {
            inboxes.add(inbox);
        }
        let told = |uri: &str| {
            inboxes.put(&resource(uri));
            [&folder, &file, &tools].map(|inbox| take(inbox).len())
        };
        assert_eq!(told("a://b/c"), [1, 1, 0]);
        assert_eq!(told("a://b/d"), [1, 0, 0]);
        // What it is a part of only the server knows.
        assert_eq!(told("z://1"), [1, 1, 0]);
        assert!(inboxes.watch(&resource("a://b/c")) && !inboxes.watch(&resource("z://1")));
        inboxes.remove(&file);
        assert!(!inboxes.watch(&resource("a://b/c")));
    }
}
