//! The lock of a key, among tasks and processes.

use std::sync::{Arc, Mutex};

use mcp_oauth::Store;
use tokio::{runtime::Builder, task};

use super::{
    child_process::Child,
    records::{key, record},
    test_store::{Home, Kind},
};
use crate::support::with_timeout;

/// Runs a test where one thread does all that blocks, in the order in which it is asked to.
fn with_one_thread(test: impl Future<Output = ()>) {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_all().max_blocking_threads(1).build().unwrap().block_on(test);
}

/// Waits until all that waits for a lock has begun to.
async fn settle(store: &Arc<dyn Store>) {
    for _ in 0..10 {
        task::yield_now().await;
        store.load(&key("settle")).await.unwrap();
    }
}

#[test]
fn lock_is_exclusive_per_key() {
    for home in Home::all() {
        with_one_thread(async {
            let [one, other] = [home.open(), home.open()];
            let held = one.lock(&key("ann")).await.unwrap();
            let got = Arc::new(Mutex::new(Vec::new()));
            let waiters: Vec<_> = (0..20)
                .map(|number| {
                    let store = if number % 2 == 0 { home.open() } else { Arc::clone(&other) };
                    let got = Arc::clone(&got);
                    task::spawn(async move {
                        let held = store.lock(&key("ann")).await.unwrap();
                        got.lock().unwrap().push(number);
                        store.save(&key("ann"), &record(number)).await.unwrap();
                        drop(held);
                    })
                })
                .collect();
            settle(&one).await;
            // They keep neither those who have another key waiting nor whoever holds this one.
            drop(with_timeout(other.lock(&key("bob"))).await.unwrap());
            with_timeout(one.save(&key("ann"), &record(99))).await.unwrap();
            assert!(got.lock().unwrap().is_empty(), "{:?}", home.kind);
            drop(held);
            for waiter in waiters {
                with_timeout(waiter).await.unwrap();
            }
            assert_eq!(got.lock().unwrap().len(), 20, "{:?}", home.kind);
        });
    }
}

#[test]
fn cancelled_waiter_does_not_take_the_lock() {
    for home in Home::all() {
        with_one_thread(async {
            let [one, other] = [home.open(), home.open()];
            let held = one.lock(&key("ann")).await.unwrap();
            let waiter = task::spawn(async move { other.lock(&key("ann")).await.map(drop) });
            settle(&one).await;
            waiter.abort();
            assert!(waiter.await.unwrap_err().is_cancelled(), "{:?}", home.kind);
            drop(held);
            drop(with_timeout(one.lock(&key("ann"))).await.unwrap());
        });
    }
}

#[test]
fn lock_is_released_when_its_process_is_killed() {
    for home in Home::shared() {
        with_one_thread(async {
            let child = Child::start("lock", &home, &[]);
            child.says("locked");
            let store = home.open();
            let other = home.open();
            let waiter = task::spawn(async move { other.lock(&key("ann")).await.map(drop) });
            settle(&store).await;
            assert!(!waiter.is_finished(), "{:?}", home.kind);
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
    for home in Home::shared() {
        with_one_thread(async {
            let store = home.open();
            drop(store.lock(&key("ann")).await.unwrap());
            let folder = match home.kind {
                Kind::Sqlite => home.folder().join("sign-ins.db.locks"),
                _ => home.folder().to_owned(),
            };
            let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
            let left: Vec<_> = files.filter(|name| name != "keyring.lock").collect();
            assert!(left.is_empty(), "{:?}: {left:?}", home.kind);
        });
    }
}
