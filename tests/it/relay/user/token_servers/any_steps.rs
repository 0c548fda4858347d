//! Any steps of any users: each server receives only its own tokens.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    test_runner::TestRunner,
};

use super::model::{Action, ENDPOINTS, Handle, Kind, Registration, SLOTS, TOKENS, TokenModel};

fn registration() -> impl Strategy<Value = Registration> {
    let kind = prop_oneof![
        5 => Just(Kind::Own),
        2 => Just(Kind::Shared),
        1 => Just(Kind::Invalid),
    ];
    (0..ENDPOINTS, kind)
}

fn handle() -> impl Strategy<Value = Handle> {
    prop_oneof![
        3 => (0..TOKENS).prop_map(Handle::Token),
        2 => btree_set(0..=SLOTS, 1..4).prop_map(Handle::Tokens),
        2 => (0..4_usize).prop_map(Handle::Earlier),
        2 => (0..TOKENS).prop_map(Handle::IdWithToken),
        1 => Just(Handle::IdWithSource),
        1 => Just(Handle::Anonymous),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => (0..SLOTS).prop_map(Action::Call),
        1 => (0..=SLOTS).prop_map(Action::Resources),
        1 => (0..=SLOTS).prop_map(Action::Connect),
        3 => proptest::option::of(vec(0..=SLOTS, 1..3)).prop_map(Action::Toolset),
        3 => (0..8_usize).prop_map(Action::CallListed),
        2 => (0..SLOTS, registration()).prop_map(|(slot, new)| Action::Replace(slot, new)),
        2 => (0..SLOTS).prop_map(Action::Resume),
        1 => (0..SLOTS, 0..ENDPOINTS).prop_map(|(name, to)| Action::Redirect(name, to)),
        1 => Just(Action::Close),
    ]
}

/// The actions of a row run concurrently, each with its own handle.
#[test]
fn each_server_receives_only_its_own_tokens() {
    let rows = vec(vec((handle(), action()), 1..6), 1..8);
    let [sent, resumed] = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let tested = TestRunner::new(property_tests::config_with_cases(64)).run(
        &(vec(registration(), SLOTS), rows),
        |(registry, rows)| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let model = TokenModel::new(&registry).await;
                for row in &rows {
                    let users: Vec<_> = row.iter().map(|(handle, _)| model.user(handle)).collect();
                    let steps = row.iter().zip(&users);
                    let run = steps.map(|((handle, action), user)| model.run(handle, user, action));
                    join_all(run).await;
                }
                let counts = model.assert_tokens_at_their_servers();
                sent.fetch_add(counts.0, Ordering::Relaxed);
                resumed.fetch_add(counts.1, Ordering::Relaxed);
            });
            Ok(())
        },
    );
    tested.unwrap();
    let [sent, resumed] = [sent, resumed].map(AtomicUsize::into_inner);
    assert!(sent > 64 && resumed > 0, "too little for a proof: {sent} tokens, {resumed} resumed");
}
