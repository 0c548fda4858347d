//! The futures of the public API can be spawned on a runtime with several threads.

use relay::{PendingCall, Provider, Relay, ServerTools, Toolset, User};

/// Compiles only if the future can be spawned.
fn check(_: impl Future + Send + 'static) {}

#[test]
fn futures_of_users_and_relays_can_be_spawned() {
    let relay = Relay::builder().build().unwrap();
    let user = relay.without_token();
    let with = |check: fn(User)| check(user.clone());
    with(|user| check(async move { user.tools("a").await }));
    with(|user| check(async move { user.toolset().required(["a"]).await }));
    with(|user| check(async move { user.resources("a").await }));
    with(|user| check(async move { user.resource_templates("a").await }));
    with(|user| check(async move { user.read_resource("a", "b").await }));
    with(|user| check(async move { user.prompts("a").await }));
    with(|user| check(async move { user.prompt("a", "b", ()).await }));
    with(|user| check(async move { user.close().await }));
    with(|user| check(async move { user.connection("a").unwrap().connect().await }));
    let tools = relay.clone();
    check(async move { tools.tools("a").await });
    check(async move { relay.close().await });
}

#[test]
fn futures_of_calls_can_be_spawned() {
    let _: fn(User, PendingCall) = |user, call| check(async move { user.resume(call).await });
    let _: fn(ServerTools) = |tools| check(async move { tools.call("a", ()).await });
    let _: fn(ServerTools) = |tools| {
        check(async move { tools.call_all(Provider::OpenAiChat, Vec::new()).await });
    };
    let _: fn(Toolset) = |tools| check(async move { tools.call("a", ()).await });
}
