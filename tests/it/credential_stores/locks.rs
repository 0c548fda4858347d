//! The lock of a key, among tasks and among processes.

use std::sync::{Arc, Mutex};

use mcp_oauth::Store;
use tokio::{runtime::Builder, task};

use super::{
    child_process::ChildProcess,
    records::{key, record},
    test_store::{StoreKind, TestStore},
};
use crate::support::with_timeout;

/// Runs a test with a single blocking thread, so that blocking operations run in order.
fn block_on_one_thread(test: impl Future<Output = ()>) {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_all().max_blocking_threads(1).build().unwrap().block_on(test);
}

/// Waits until all waiting tasks have requested the lock.
async fn wait_until_queued(store: &Arc<dyn Store>) {
    for _ in 0..10 {
        task::yield_now().await;
        store.load(&key("settle")).await.unwrap();
    }
}

#[test]
fn lock_is_exclusive_per_key() {
    for test_store in TestStore::all() {
        block_on_one_thread(async {
            let [one, other] = [test_store.open(), test_store.open()];
            let held = one.lock(&key("ann")).await.unwrap();
            let got = Arc::new(Mutex::new(Vec::new()));
            let waiters: Vec<_> = (0..20)
                .map(|number| {
                    let store =
                        if number % 2 == 0 { test_store.open() } else { Arc::clone(&other) };
                    let got = Arc::clone(&got);
                    task::spawn(async move {
                        let held = store.lock(&key("ann")).await.unwrap();
                        got.lock().unwrap().push(number);
                        store.save(&key("ann"), &record(number)).await.unwrap();
                        drop(held);
                    })
                })
                .collect();
            wait_until_queued(&one).await;
            // Waiting tasks do not block other keys, or the holder of the lock.
            drop(with_timeout(other.lock(&key("bob"))).await.unwrap());
            with_timeout(one.save(&key("ann"), &record(99))).await.unwrap();
            assert!(got.lock().unwrap().is_empty(), "{:?}", test_store.kind);
            drop(held);
            for waiter in waiters {
                with_timeout(waiter).await.unwrap();
            }
            assert_eq!(got.lock().unwrap().len(), 20, "{:?}", test_store.kind);
        });
    }
}

#[test]
fn cancelled_waiter_does_not_take_the_lock() {
    for test_store in TestStore::all() {
        block_on_one_thread(async {
            let [one, other] = [test_store.open(), test_store.open()];
            let held = one.lock(&key("ann")).await.unwrap();
            let waiter = task::spawn(async move { other.lock(&key("ann")).await.map(drop) });
            wait_until_queued(&one).await;
            waiter.abort();
            assert!(waiter.await.unwrap_err().is_cancelled(), "{:?}", test_store.kind);
            drop(held);
            drop(with_timeout(one.lock(&key("ann"))).await.unwrap());
        });
    }
}

#[test]
fn lock_is_released_when_its_process_is_killed() {
    for test_store in TestStore::shared() {
        block_on_one_thread(async {
            let child = ChildProcess::start("lock", &test_store, &[]);
            child.wait_for_line("locked");
            let store = test_store.open();
            let other = test_store.open();
            let waiter = task::spawn(async move { other.lock(&key("ann")).await.map(drop) });
            wait_until_queued(&store).await;
            assert!(!waiter.is_finished(), "{:?}", test_store.kind);
            child.kill();
            with_timeout(waiter).await.unwrap().unwrap();
        });
    }
}

#[test]
fn released_lock_leaves_no_file_behind() {
    if !cfg!(unix) {
        return;
    }
    for test_store in TestStore::shared() {
        block_on_one_thread(async {
            let store = test_store.open();
            drop(store.lock(&key("ann")).await.unwrap());
            let folder = match test_store.kind {
                StoreKind::Sqlite => test_store.folder().join("sign-ins.db.locks"),
                _ => test_store.folder().to_owned(),
            };
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
            let left: Vec<_> = files.filter(|name| name != "keyring.lock").collect();
            assert!(left.is_empty(), "{:?}: {left:?}", test_store.kind);
        });
    }
}

#[test]
fn released_lock_is_not_shared_by_a_waiter_and_a_third_task() {
    // The file that the waiter has opened is removed when the first holder releases the lock.
    for test_store in TestStore::all() {
        block_on_one_thread(async {
            let [one, other, third] = [test_store.open(), test_store.open(), test_store.open()];
            let first = one.lock(&key("ann")).await.unwrap();
            let waiter = task::spawn(async move { other.lock(&key("ann")).await.unwrap() });
            wait_until_queued(&one).await;
            drop(first);
            let held = with_timeout(waiter).await.unwrap();
            let late = task::spawn(async move { third.lock(&key("ann")).await.map(drop) });
            wait_until_queued(&one).await;
            assert!(!late.is_finished(), "{:?}", test_store.kind);
            drop(held);
            with_timeout(late).await.unwrap().unwrap();
        });
    }
}
