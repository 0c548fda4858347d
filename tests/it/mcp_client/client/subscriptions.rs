//! Subscriptions to change notifications.

use std::{collections::BTreeSet, time::Duration};

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{
    CallOptions, Client, ServerChange, Subscription, SubscriptionFilter, TransportErrorKind,
    mcp_types::Revision,
};
use mcp_http::{AccessToken, HttpTransport};
use mcp_testkit::{
    Barrier, Bearer, CallResult, Fault, On, RecordedRequest, Reply, ServerNotification, Step,
    TestPrompt, TestResource, TestServer, TestServerBuilder, TestTool,
};
use serde_json::{Value, json};

use crate::support::{
    ALICE, BOB, PROTOCOL_VERSIONS, advance_time, advance_until, client_with_version,
    describe_result, start_and_connect, with_timeout,
};

const STATEFUL: Revision = PROTOCOL_VERSIONS[0];
const STATELESS: Revision = PROTOCOL_VERSIONS[1];

fn server_with_changes() -> TestServerBuilder {
    TestServer::builder()
        .allow_get(true)
        .prompt(TestPrompt::new("p", |_| CallResult::messages([])))
        .resource(TestResource::new("a://b", "b", "text of b"))
        .resource(TestResource::new("a://c", "c", "text of c"))
}

fn all_changes() -> SubscriptionFilter {
    SubscriptionFilter::new().tools().prompts().resources().resource("a://b")
}

fn resource_change(uri: &str) -> ServerChange {
    ServerChange::Resource(uri.to_owned())
}

async fn next_change(changes: &mut Subscription) -> ServerChange {
    with_timeout(changes.next()).await.expect("a change").expect("no error")
}

/// The next `N` changes, in any order.
async fn next_changes<const N: usize>(changes: &mut Subscription) -> BTreeSet<ServerChange> {
    let mut taken = BTreeSet::new();
    for _ in 0..N {
        taken.insert(next_change(changes).await);
    }
    taken
}

#[tokio::test]
async fn subscription_delivers_each_kind_of_change() {
    // N-SUB-01, N-SUB-02, RES-04, RES-05, PROMPT-04, HTTP-20, HTTP-22
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        assert_eq!(changes.declined(), []);
        for (notification, expected) in [
            (ServerNotification::ToolsChanged, ServerChange::Tools),
            (ServerNotification::PromptsChanged, ServerChange::Prompts),
            (ServerNotification::ResourcesChanged, ServerChange::Resources),
            (ServerNotification::ResourceUpdated("a://b".to_owned()), resource_change("a://b")),
        ] {
            assert_eq!(server.push(&notification), 1);
            assert_eq!(next_change(&mut changes).await, expected);
        }
        assert_eq!(client.tool_list_change_count(), 1);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn subscription_contains_only_what_was_requested() {
    // N-SUB-01, RES-04
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let filter = SubscriptionFilter::new().resource("a://b").resource("a://c").prompts();
        let mut changes = client.subscribe(filter).await.unwrap();
        server.push(&ServerNotification::ToolsChanged);
        server.push(&ServerNotification::ResourcesChanged);
        server.push(&ServerNotification::PromptsChanged);
        assert_eq!(next_change(&mut changes).await, ServerChange::Prompts);
        let requests = server.requests();
        let subscribed = requests.iter().filter_map(|request| match request.method() {
            "resources/subscribe" => Some(request.params()?["uri"].to_string()),
            "subscriptions/listen" => Some(request.params()?["notifications"].to_string()),
            _ => None,
        });
        let expected: &[&str] = match revision {
            STATEFUL => &[r#""a://b""#, r#""a://c""#],
            _ => &[r#"{"promptsListChanged":true,"resourceSubscriptions":["a://b","a://c"]}"#],
        };
        assert_eq!(subscribed.collect::<Vec<_>>(), expected);
    }
    let (_server, client) = start_and_connect(server_with_changes(), STATEFUL).await;
    assert_snapshot!(describe_result(client.subscribe(SubscriptionFilter::new()).await), @r#"
    "subscriptions/listen": invalid parameters
      the subscription filter is empty
    -> InvalidParams, did not run
    "#);
}

#[tokio::test]
async fn subscription_reports_what_the_server_does_not_offer() {
    // N-SUB-02, LIFE-09, RES-01
    let mut shown = Vec::new();
    for revision in PROTOCOL_VERSIONS {
        let (server, client) =
            start_and_connect(TestServer::builder().allow_get(true), revision).await;
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        let expected = [ServerChange::Prompts, ServerChange::Resources, resource_change("a://b")];
        assert_eq!(changes.declined(), expected);
        server.push(&ServerNotification::ToolsChanged);
        assert_eq!(next_change(&mut changes).await, ServerChange::Tools);
        for filter in
            [SubscriptionFilter::new().prompts(), SubscriptionFilter::new().resource("a://b")]
        {
            shown.push(describe_result(client.subscribe(filter).await));
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
    assert_snapshot!(shown.join("\n"), @r#"
    "notifications/prompts/list_changed": the server does not declare the capability "prompts.listChanged"
    -> MissingCapability, did not run
    "notifications/resources/updated": the server does not declare the capability "resources.subscribe"
    -> MissingCapability, did not run
    "subscriptions/listen": the server does not declare the capability "prompts.listChanged"
    -> MissingCapability, did not run
    "subscriptions/listen": the server does not declare the capability "resources.subscribe"
    -> MissingCapability, did not run
    "#);
}

#[tokio::test]
async fn server_without_subscriptions_lacks_a_capability() {
    // N-SUB-02: whatever the HTTP status is
    let error = r#"{"jsonrpc":"2.0","id":$id,"error":{"code":-32601,"message":"no"}}"#;
    for status in [200, 404] {
        let (server, client) = start_and_connect(server_with_changes(), STATELESS).await;
        let reply = Fault::reply_with(move |request: &RecordedRequest| {
            let body = error.replace("$id", &json!(request.id()).to_string());
            Reply::status(status).header("content-type", "application/json").chunk(body)
        });
        server.script(On::method("subscriptions/listen"), reply);
        let shown = describe_result(client.subscribe(SubscriptionFilter::new().tools()).await);
        assert_eq!(
            shown,
            "\"subscriptions/listen\": the server does not declare the capability \
             \"tools.listChanged\"\n-> MissingCapability, did not run",
            "{status}"
        );
    }
}

#[tokio::test]
async fn one_rejected_resource_does_not_end_the_rest() {
    // RES-04: whatever the HTTP status is
    let error = r#"{"jsonrpc":"2.0","id":$id,"error":{"code":-32002,"message":"no"}}"#;
    for status in [200, 400] {
        let (server, client) = start_and_connect(server_with_changes(), STATEFUL).await;
        let reply = Fault::reply_with(move |request: &RecordedRequest| {
            let body = error.replace("$id", &json!(request.id()).to_string());
            Reply::status(status).header("content-type", "application/json").chunk(body)
        });
        server.script(On::method("resources/subscribe").nth(1), reply);
        let filter = SubscriptionFilter::new().resource("a://b").resource("a://c");
        let mut changes = client.subscribe(filter).await.unwrap();
        assert_eq!(changes.declined(), [resource_change("a://b")]);
        server.push(&ServerNotification::ResourceUpdated("a://c".to_owned()));
        assert_eq!(next_change(&mut changes).await, resource_change("a://c"));
    }
    // In the stateless versions, the server leaves it out of the acknowledgement.
    let (server, client) = start_and_connect(server_with_changes(), STATELESS).await;
    let reply = Fault::reply_with(|request: &RecordedRequest| {
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": request.id() });
        let message = |method: &str, mut params: Value| {
            params["_meta"] = meta.clone();
            format!("data: {}\n\n", json!({ "jsonrpc": "2.0", "method": method, "params": params }))
        };
        let granted = json!({ "notifications": { "resourceSubscriptions": ["a://c"] } });
        Reply::sse([
            message("notifications/subscriptions/acknowledged", granted),
            message("notifications/resources/updated", json!({ "uri": "a://c" })),
        ])
    });
    server.script(On::method("subscriptions/listen"), reply);
    let filter = SubscriptionFilter::new().resource("a://b").resource("a://c");
    let mut changes = client.subscribe(filter).await.unwrap();
    assert_eq!(changes.declined(), [resource_change("a://b")]);
    assert_eq!(next_change(&mut changes).await, resource_change("a://c"));
}

#[tokio::test]
async fn changes_arrive_during_calls_if_there_is_no_get_stream() {
    // HTTP-21, LIFE-09: without GET, this server does not declare change notifications
    let tool = TestTool::with_steps("a", json!({ "type": "object" }), |_| {
        let method = "notifications/tools/list_changed";
        Step::finish(CallResult::text("a")).message(json!({ "jsonrpc": "2.0", "method": method }))
    });
    let (server, client) = start_and_connect(server_with_changes().tool(tool), STATEFUL).await;
    server.script(On::method("GET"), Reply::status(405));
    let mut changes = client.subscribe(SubscriptionFilter::new().tools()).await.unwrap();
    client.call_tool("a", ()).await.unwrap();
    assert_eq!(next_change(&mut changes).await, ServerChange::Tools);
    assert_eq!(server.count("GET"), 1);
}

#[tokio::test]
async fn everything_counts_as_changed_after_a_broken_stream() {
    // N-SUB-04, HTTP-23
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        server.close_streams();
        let all = [
            ServerChange::Tools,
            ServerChange::Prompts,
            ServerChange::Resources,
            resource_change("a://b"),
        ];
        assert_eq!(next_changes::<4>(&mut changes).await, all.into());
        assert_eq!(server.push(&ServerNotification::ResourceUpdated("a://b".to_owned())), 1);
        assert_eq!(next_change(&mut changes).await, resource_change("a://b"));
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn subscription_is_renewed_after_a_lost_session() {
    // HTTP-26, RES-04
    let (server, client) = start_and_connect(server_with_changes(), STATEFUL).await;
    let mut changes =
        client.subscribe(SubscriptionFilter::new().tools().resource("a://b")).await.unwrap();
    server.end_sessions();
    assert_eq!(
        next_changes::<2>(&mut changes).await,
        [ServerChange::Tools, resource_change("a://b")].into()
    );
    assert_eq!(client.lost_session_count(), 1);
    assert_eq!(server.push(&ServerNotification::ResourceUpdated("a://b".to_owned())), 1);
    assert_eq!(next_change(&mut changes).await, resource_change("a://b"));
    assert_eq!(server.count("resources/subscribe"), 2);
    // A session that is lost before the subscription begins is not an error either.
    drop(changes);
    server.end_sessions();
    let again = client.subscribe(SubscriptionFilter::new().resource("a://b")).await.unwrap();
    assert_eq!(again.declined(), []);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn subscription_ends_when_client_or_server_closes_it() {
    // N-SUB-04
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        server.push(&ServerNotification::ToolsChanged);
        assert_eq!(next_change(&mut changes).await, ServerChange::Tools);
        match revision {
            STATEFUL => client.close().await.unwrap(),
            _ => server.end_subscriptions(),
        }
        assert!(with_timeout(changes.next()).await.is_none());
        assert!(with_timeout(changes.next()).await.is_none());
        assert_eq!(server.count("GET") + server.count("subscriptions/listen"), 1);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn dropping_a_subscription_unsubscribes_on_the_server() {
    // N-SUB-04, RES-04: another subscription to the same resource continues
    for revision in PROTOCOL_VERSIONS {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let both = client
            .subscribe(SubscriptionFilter::new().resource("a://b").resource("a://c"))
            .await
            .unwrap();
        let mut one = client.subscribe(SubscriptionFilter::new().resource("a://b")).await.unwrap();
        drop(both);
        match revision {
            STATEFUL => {
                with_timeout(server.wait_for_requests("resources/unsubscribe", 1)).await;
                let requests = server.requests();
                let last = requests.iter().find(|it| it.method() == "resources/unsubscribe");
                assert_eq!(last.and_then(RecordedRequest::params).unwrap()["uri"], "a://c");
            }
            _ => with_timeout(server.wait_for_cancelled(1)).await,
        }
        server.push(&ServerNotification::ResourceUpdated("a://b".to_owned()));
        assert_eq!(next_change(&mut one).await, resource_change("a://b"));
        drop(one);
        match revision {
            STATEFUL => with_timeout(server.wait_for_requests("resources/unsubscribe", 2)).await,
            _ => with_timeout(server.wait_for_cancelled(2)).await,
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn resource_subscribed_again_during_unsubscribe_stays_subscribed() {
    // RES-04: unsubscribe and the next subscribe may arrive in any order
    let (server, client) = start_and_connect(server_with_changes(), STATEFUL).await;
    let subscribe = || client.subscribe(SubscriptionFilter::new().resource("a://b"));
    let first = subscribe().await.unwrap();
    drop(first);
    let second = subscribe().await.unwrap();
    assert_eq!(server.count("resources/unsubscribe"), 0);
    let barrier = Barrier::new();
    server.script(On::method("resources/unsubscribe"), Fault::Hold(barrier.clone()));
    drop(second);
    with_timeout(barrier.wait_for_arrivals(1)).await;
    let mut third = subscribe().await.unwrap();
    barrier.open();
    with_timeout(server.wait_for_requests("resources/subscribe", 4)).await;
    server.push(&ServerNotification::ResourceUpdated("a://b".to_owned()));
    assert_eq!(next_change(&mut third).await, resource_change("a://b"));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn notifications_of_other_subscriptions_are_ignored() {
    // N-SUB-03
    let (server, client) = start_and_connect(server_with_changes(), STATELESS).await;
    let mut changes = client.subscribe(SubscriptionFilter::new().tools().prompts()).await.unwrap();
    let of = |id: Value| {
        let meta = json!({ "io.modelcontextprotocol/subscriptionId": id });
        let method = "notifications/prompts/list_changed";
        json!({ "jsonrpc": "2.0", "method": method, "params": { "_meta": meta } })
    };
    server.send(&of(json!("other")));
    server.send(&json!({ "jsonrpc": "2.0", "id": 999, "result": {} }));
    server.send(&json!({ "jsonrpc": "2.0", "method": "x-own/news" }));
    server.push(&ServerNotification::ToolsChanged);
    assert_eq!(next_change(&mut changes).await, ServerChange::Tools);
    let id = server.requests().iter().rev().find_map(RecordedRequest::id).unwrap();
    server.send(&of(json!(id)));
    assert_eq!(next_change(&mut changes).await, ServerChange::Prompts);
}

#[tokio::test]
async fn unacknowledged_subscription_times_out() {
    // LIFE-13, N-TIME-01
    let (server, client) = start_and_connect(server_with_changes(), STATELESS).await;
    let barrier = Barrier::new();
    server.script(On::method("subscriptions/listen"), Fault::Hold(barrier.clone()));
    let client = client.with_options(CallOptions::new().timeout(Duration::from_secs(5)));
    let advance_later = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        advance_time(Duration::from_secs(6)).await;
    };
    let (subscribed, ()) = tokio::join!(client.subscribe(all_changes()), advance_later);
    assert_snapshot!(describe_result(subscribed), @r#"
    "subscriptions/listen": no response within 5s
    -> Timeout
    "#);
}

#[tokio::test]
async fn subscription_ends_with_an_error_after_ten_failed_attempts() {
    // N-SUB-04
    // The transport reopens a broken GET stream five times, which counts as the first attempt.
    for (revision, method, count) in
        [(STATEFUL, "GET", 5 + 9), (STATELESS, "subscriptions/listen", 10)]
    {
        let (server, client) = start_and_connect(server_with_changes(), revision).await;
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        server.script(On::method(method), Reply::status(503));
        let before = server.count(method);
        server.close_streams();
        let ended = async {
            loop {
                match changes.next().await {
                    Some(Ok(_)) => {}
                    ended => break ended,
                }
            }
        };
        let (ended, _) = advance_until(ended).await;
        let error = ended.expect("an error").unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Status(503)));
        assert!(with_timeout(changes.next()).await.is_none());
        assert_eq!(server.count(method) - before, count, "{revision}");
    }
}

#[tokio::test]
async fn rejected_token_ends_the_subscription_with_an_error() {
    // AUTH-*: a rejected token is reported, and not retried silently
    for revision in PROTOCOL_VERSIONS {
        let builder = server_with_changes().bearer(Bearer::tokens([ALICE])).revisions([revision]);
        let server = builder.start().await.unwrap();
        let transport = HttpTransport::builder(server.url()).bearer_token(ALICE).build().unwrap();
        let client: Client = client_with_version(transport, revision);
        client.connect().await.unwrap();
        let mut changes = client.subscribe(all_changes()).await.unwrap();
        server.revoke_token(ALICE);
        server.close_streams();
        let error = with_timeout(changes.next()).await.unwrap().unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Unauthorized));
        assert!(with_timeout(changes.next()).await.is_none());
        let error = client.subscribe(all_changes()).await.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Unauthorized));
    }
}

#[tokio::test]
async fn subscription_sends_the_token_and_meta_of_its_options() {
    let builder = server_with_changes().bearer(Bearer::tokens([ALICE, BOB])).revisions([STATELESS]);
    let server = builder.start().await.unwrap();
    let transport = HttpTransport::builder(server.url()).bearer_token(ALICE).build().unwrap();
    let options =
        CallOptions::new().extension(AccessToken::new(BOB)).meta("com.example/trace", "t-1");
    let client = client_with_version(transport, STATELESS).with_options(options);
    let changes = client.subscribe(SubscriptionFilter::new().tools()).await.unwrap();
    assert_eq!(changes.declined(), []);
    let requests = server.requests();
    let listen = requests.iter().find(|it| it.method() == "subscriptions/listen").unwrap();
    assert_eq!(listen.bearer_token(), Some(BOB));
    assert_eq!(listen.params().unwrap()["_meta"]["com.example/trace"], "t-1");
    assert_eq!(server.violations(), Vec::<String>::new());
}
