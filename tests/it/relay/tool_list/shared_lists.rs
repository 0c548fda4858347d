//! Equal lists share memory between users.

use std::ptr;

use relay::ServerTools;
use serde_json::{Value, json};

use crate::relay::support::{relay_of, server_with};
use crate::support::{ALICE, BOB, ScriptedResponse, describe_result, error, result};

fn list_response(description: &str, cursor: Option<&str>) -> ScriptedResponse {
    let schema = json!({ "type": "object" });
    let tool = json!({ "name": "add", "description": description, "inputSchema": schema });
    let cursor = cursor.map_or(Value::Null, Value::from);
    result(&json!({ "tools": [tool], "nextCursor": cursor }))
}

/// Returns whether both share one tool in memory, including its full name.
fn share_memory(one: &ServerTools, other: &ServerTools) -> bool {
    let [one, other] = [one, other].map(|tools| tools.get("add").expect("it is listed"));
    let same_name = ptr::eq(one.name(), other.name());
    assert_eq!(same_name, ptr::eq(one.definition(), other.definition()));
    same_name
}

#[tokio::test]
async fn users_who_receive_equal_lists_share_memory() {
    let server = server_with(
        "tools/list",
        [list_response("the same", None), list_response("the same", None)],
    )
    .await;
    let relay = relay_of(&server);
    let of_alice = relay.with_token(ALICE).tools("main").await.unwrap();
    // Bob's session is older, so that his request has another id.
    let bob = relay.with_token(BOB);
    bob.connection("main").unwrap().call_tool("add", ()).await.unwrap();
    let of_bob = bob.tools("main").await.unwrap();
    assert!(share_memory(&of_alice, &of_bob));
    // Each user has sent a request with their own token.
    assert_eq!(server.requests_of("tools/list").await.len(), 2);
}

#[tokio::test]
async fn different_lists_are_not_shared() {
    let server = server_with(
        "tools/list",
        [list_response("for Alice", None), list_response("for Bob", None)],
    )
    .await;
    let relay = relay_of(&server);
    let of_alice = relay.with_token(ALICE).tools("main").await.unwrap();
    let of_bob = relay.with_token(BOB).tools("main").await.unwrap();
    assert!(!share_memory(&of_alice, &of_bob));
    assert_eq!(of_alice.get("add").unwrap().description(), "for Alice");
    assert_eq!(of_bob.get("add").unwrap().description(), "for Bob");
}

#[tokio::test]
async fn interned_list_is_not_given_to_a_user_who_is_rejected() {
    let rejection = error(-32001, "not for you", &Value::Null);
    let server = server_with("tools/list", [list_response("the same", None), rejection]).await;
    let relay = relay_of(&server);
    relay.with_token(ALICE).tools("main").await.unwrap();
    let of_bob = describe_result(relay.with_token(BOB).tools("main").await);
    assert!(of_bob.contains("not for you"), "{of_bob}");
}

#[tokio::test]
async fn pages_are_shared_separately() {
    let pages = [list_response("first", Some("a")), result(&json!({ "tools": [] }))];
    let other_end = [list_response("first", Some("a")), result(&json!({ "tools": [], "x": 1 }))];
    let server = server_with("tools/list", pages.into_iter().chain(other_end)).await;
    let relay = relay_of(&server);
    let of_alice = relay.with_token(ALICE).tools("main").await.unwrap();
    let of_bob = relay.with_token(BOB).tools("main").await.unwrap();
    assert!(share_memory(&of_alice, &of_bob));
}
