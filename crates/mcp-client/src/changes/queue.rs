//! The queue of changes that a subscriber has not read yet.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use super::change::ServerChange;

/// The maximum number of queued changes, in addition to those that were requested by name.
const MAX_PENDING: usize = 1_000;

/// The maximum length of a queued URI, in bytes.
const MAX_URI_LENGTH: usize = 8 * 1024;

/// The requested changes that have happened and were not read yet. Each is queued once.
///
/// A server may report any number of sub-resources. If there are too many, or a URI is too long,
/// the queue marks all requested changes as happened instead.
#[derive(Debug)]
pub(crate) struct ChangeQueue {
    requested: BTreeSet<ServerChange>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pending: BTreeSet<ServerChange>,
    declined: BTreeSet<ServerChange>,
    /// True while the subscription is open.
    open: bool,
    was_ever_open: bool,
    reader: Option<Waker>,
}

impl ChangeQueue {
    pub(crate) fn new(requested: BTreeSet<ServerChange>) -> Self {
        Self { requested, state: Mutex::default() }
    }

    /// Returns the changes that the subscriber requested.
    pub(crate) fn requested(&self) -> &BTreeSet<ServerChange> {
        &self.requested
    }

    /// Marks the subscription as not open.
    pub(crate) fn mark_closed(&self) {
        self.lock().open = false;
    }

    /// Marks the subscription as open for the `granted` changes. If it was open before, changes may
    /// have been missed.
    pub(crate) fn mark_open(&self, granted: &BTreeSet<ServerChange>) {
        let mut state = self.lock();
        state.declined = self.requested.difference(granted).cloned().collect();
        state.open = true;
        if mem::replace(&mut state.was_ever_open, true) {
            self.mark_all(&mut state);
        }
    }

    /// Marks all requested changes as happened, because notifications may have been missed.
    pub(crate) fn mark_all_changed(&self) {
        self.mark_all(&mut self.lock());
    }

    fn mark_all(&self, state: &mut State) {
        state.pending.extend(self.requested.difference(&state.declined).cloned());
        state.wake();
    }

    /// Returns `true` if the subscription is open.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// Returns `true` if the subscription was ever open.
    pub(crate) fn was_ever_open(&self) -> bool {
        self.lock().was_ever_open
    }

    pub(crate) fn declined(&self) -> Vec<ServerChange> {
        self.lock().declined.iter().cloned().collect()
    }

    /// Queues a change if the subscriber requested it, or if it may be in a requested resource.
    pub(crate) fn push(&self, change: ServerChange) {
        let requested = self.requested.contains(&change);
        let long = matches!(&change, ServerChange::Resource(uri) if uri.len() > MAX_URI_LENGTH);
        if !requested && !self.may_be_sub_resource(&change) {
            return;
        }
        let mut state = self.lock();
        if !requested && (long || state.pending.len() >= self.requested.len() + MAX_PENDING) {
            state.pending.clear();
            self.mark_all(&mut state);
        } else {
            state.pending.insert(change);
        }
        state.wake();
    }

    /// Returns `true` if the change is in a resource and the subscriber requested a resource. The
    /// changed resource may be a sub-resource of the requested one.
    fn may_be_sub_resource(&self, change: &ServerChange) -> bool {
        let is_resource = |change: &ServerChange| matches!(change, ServerChange::Resource(_));
        is_resource(change) && self.requested.iter().any(is_resource)
    }

    /// Returns `true` if the change was requested. A resource also matches if its URI starts with a
    /// requested URI.
    fn matches(&self, change: &ServerChange) -> bool {
        let ServerChange::Resource(uri) = change else { return self.requested.contains(change) };
        self.requested.iter().any(|requested| {
            matches!(requested, ServerChange::Resource(parent) if uri.starts_with(parent.as_str()))
        })
    }

    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<ServerChange> {
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

/// The queues of all stateful subscriptions of a client. Notifications there do not name a
/// subscription.
#[derive(Debug, Default)]
pub(crate) struct ChangeQueues(Mutex<Vec<Weak<ChangeQueue>>>);

impl ChangeQueues {
    /// Adds a queue. It receives changes until it is removed or dropped.
    pub(crate) fn add(&self, queue: &Arc<ChangeQueue>) {
        let mut all = self.lock();
        all.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&Arc::downgrade(queue)));
        all.push(Arc::downgrade(queue));
    }

    /// Removes a queue.
    pub(crate) fn remove(&self, queue: &Arc<ChangeQueue>) {
        self.lock().retain(|other| !other.ptr_eq(&Arc::downgrade(queue)));
    }

    /// Returns `true` if any queue requested exactly this change.
    pub(crate) fn is_requested(&self, change: &ServerChange) -> bool {
        self.all().iter().any(|queue| queue.requested.contains(change))
    }

    /// Queues a change for the subscribers that requested it or a parent resource. If no queue
    /// matches, queues it for all subscribers of resources, because only the server knows the
    /// parent.
    pub(crate) fn push(&self, change: &ServerChange) {
        let all = self.all();
        let has_match = all.iter().any(|queue| queue.matches(change));
        for queue in all.iter().filter(|queue| !has_match || queue.matches(change)) {
            queue.push(change.clone());
        }
    }

    /// Marks all requested changes as happened in all queues.
    pub(crate) fn mark_all_changed(&self) {
        self.all().iter().for_each(|queue| queue.mark_all_changed());
    }

    fn all(&self) -> Vec<Arc<ChangeQueue>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<ChangeQueue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    fn resource(uri: &str) -> ServerChange {
        ServerChange::Resource(uri.to_owned())
    }

    fn queue(requested: &[ServerChange]) -> Arc<ChangeQueue> {
        Arc::new(ChangeQueue::new(requested.iter().cloned().collect()))
    }

    fn take(queue: &ChangeQueue) -> Vec<ServerChange> {
        let cx = Context::from_waker(Waker::noop());
        let mut changes = Vec::new();
        while let Poll::Ready(change) = queue.poll_next(&cx) {
            changes.push(change);
        }
        changes
    }

    /// Counts how often the reader is woken.
    #[derive(Default)]
    struct WakeCount(AtomicUsize);

    impl Wake for WakeCount {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_change_wakes_the_reader_that_waits() {
        let queue = queue(&[ServerChange::Tools]);
        let count = Arc::<WakeCount>::default();
        let waker = Waker::from(Arc::clone(&count));
        let wakes = || count.0.load(Ordering::Relaxed);
        assert!(queue.poll_next(&Context::from_waker(&waker)).is_pending());
        queue.push(ServerChange::Prompts);
        assert_eq!(wakes(), 0, "not requested");
        queue.push(ServerChange::Tools);
        assert_eq!(wakes(), 1);
        assert_eq!(take(&queue), [ServerChange::Tools]);
        assert!(queue.poll_next(&Context::from_waker(&waker)).is_pending());
        queue.mark_all_changed();
        assert_eq!(wakes(), 2);
    }

    #[test]
    fn a_change_is_queued_once() {
        let queue = queue(&[ServerChange::Tools, resource("a://b")]);
        for _ in 0..3 {
            queue.push(ServerChange::Tools);
            queue.push(resource("a://b/c"));
            queue.push(ServerChange::Prompts);
        }
        assert_eq!(take(&queue), [ServerChange::Tools, resource("a://b/c")]);
        assert_eq!(take(&queue), []);
    }

    #[test]
    fn the_number_of_queued_changes_is_limited() {
        let queue = queue(&[ServerChange::Tools, resource("a://b")]);
        for number in 0..10 * MAX_PENDING {
            queue.push(resource(&number.to_string()));
            assert!(queue.lock().pending.len() <= 2 + MAX_PENDING);
        }
        let changes = take(&queue);
        assert!(changes.contains(&ServerChange::Tools) && changes.contains(&resource("a://b")));
        queue.push(resource(&"x".repeat(MAX_URI_LENGTH + 1)));
        assert_eq!(take(&queue), [ServerChange::Tools, resource("a://b")]);
        // Changes that the server does not report are not marked.
        queue.mark_open(&BTreeSet::from([resource("a://b")]));
        queue.push(resource(&"x".repeat(MAX_URI_LENGTH + 1)));
        assert_eq!(take(&queue), [resource("a://b")]);
    }

    #[test]
    fn everything_counts_as_changed_after_missed_notifications() {
        let queue = queue(&[ServerChange::Tools, ServerChange::Prompts]);
        let granted = BTreeSet::from([ServerChange::Tools, ServerChange::Resources]);
        queue.mark_open(&granted);
        assert_eq!((take(&queue), queue.declined()), (vec![], vec![ServerChange::Prompts]));
        queue.mark_open(&granted);
        assert_eq!(take(&queue), [ServerChange::Tools]);
    }

    #[test]
    fn a_change_of_a_sub_resource_goes_to_subscribers_of_its_parent() {
        // RES-04, N-SUB-05
        let change_queues = ChangeQueues::default();
        let (folder, file) = (queue(&[resource("a://b/")]), queue(&[resource("a://b/c")]));
        let tools = queue(&[ServerChange::Tools]);
        for queue in [&folder, &file, &tools] {
            change_queues.add(queue);
        }
        let notify = |uri: &str| {
            change_queues.push(&resource(uri));
            [&folder, &file, &tools].map(|queue| take(queue).len())
        };
        assert_eq!(notify("a://b/c"), [1, 1, 0]);
        assert_eq!(notify("a://b/d"), [1, 0, 0]);
        // Only the server knows the parent of this resource.
        assert_eq!(notify("z://1"), [1, 1, 0]);
        assert!(
            change_queues.is_requested(&resource("a://b/c"))
                && !change_queues.is_requested(&resource("z://1"))
        );
        change_queues.remove(&file);
        assert!(!change_queues.is_requested(&resource("a://b/c")));
    }
}
