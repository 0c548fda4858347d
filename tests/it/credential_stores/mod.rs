//! Credential stores: one contract for all of them, and crashes of processes.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod child_process;
mod contract;
mod crashes;
mod keyring;
mod locks;
mod records;
mod sqlite;
mod system_calls;
mod test_store;
mod unreadable_records;

pub(crate) use self::test_store::TestStore;
