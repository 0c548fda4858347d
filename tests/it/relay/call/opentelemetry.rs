//! Spans, trace context and metrics, by OpenTelemetry's conventions for MCP.

use std::collections::{BTreeSet, HashMap};

use insta::assert_snapshot;
use mcp_testkit::{CallResult, On, Reply, TestPrompt, TestResource, TestServer, TestTool};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, MeterProvider as _},
    propagation::TextMapPropagator as _,
    trace::{SpanId, TracerProvider as _},
};
use opentelemetry_sdk::{
    metrics::{
        InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
        data::{AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics},
    },
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider, SpanData},
};
use relay::{Observer, Operation, Relay, Revision, Server};
use serde_json::json;
use tracing::{Instrument, Span, subscriber::DefaultGuard};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer as _, filter::LevelFilter, layer::SubscriberExt as _};

use crate::support::{ALICE, TraceCapture, assert_no_secrets};

/// An observer as applications write it for OpenTelemetry.
struct OpenTelemetryObserver {
    duration: Histogram<f64>,
}

impl Observer for OpenTelemetryObserver {
    fn operation_ended(&self, operation: &Operation<'_>) {
        let Operation { method, tool, network_transport, error_type, rpc_code, .. } = *operation;
        let text = |name, value: Option<&str>| Some(KeyValue::new(name, value?.to_owned()));
        let attributes = [
            text("mcp.method.name", Some(method)),
            text("gen_ai.tool.name", tool),
            text("network.transport", Some(network_transport)),
            text("error.type", error_type),
            text("rpc.response.status_code", rpc_code.map(|code| code.to_string()).as_deref()),
        ];
        let attributes: Vec<_> = attributes.into_iter().flatten().collect();
        self.duration.record(operation.duration.as_secs_f64(), &attributes);
    }

    fn trace_context(&self) -> Vec<(&'static str, String)> {
        let mut context = HashMap::new();
        TraceContextPropagator::new().inject_context(&Span::current().context(), &mut context);
        let names = ["traceparent", "tracestate"].into_iter();
        let context_entries = names.filter_map(|name| Some((name, context.remove(name)?)));
        context_entries.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// OpenTelemetry exporters in memory, for the thread of a test.
struct InMemoryTelemetry {
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    meters: SdkMeterProvider,
    _tracers: SdkTracerProvider,
    _subscribed: DefaultGuard,
}

impl InMemoryTelemetry {
    fn start() -> Self {
        // This installs a second subscriber, so that `tracing` methods both.
        TraceCapture::start().finish();
        let spans = InMemorySpanExporter::default();
        let tracers = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracers.tracer("tests"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO));
        let metrics = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let meters = SdkMeterProvider::builder().with_reader(reader).build();
        let _subscribed = tracing::subscriber::set_default(subscriber);
        Self { spans, metrics, meters, _tracers: tracers, _subscribed }
    }

    fn observer(&self) -> OpenTelemetryObserver {
        let meter = self.meters.meter("tests");
        let duration = meter.f64_histogram("mcp.client.operation.duration").with_unit("s").build();
        OpenTelemetryObserver { duration }
    }

    /// The finished spans, in the order in which they started.
    fn spans(&self) -> Vec<SpanData> {
        let mut spans = self.spans.get_finished_spans().expect("an exporter that works");
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// The number of measurements for each set of attributes.
    fn measured(&self) -> Vec<String> {
        self.meters.force_flush().expect("a reader that works");
        let finished = self.metrics.get_finished_metrics().expect("an exporter that works");
        let metrics = finished.iter().flat_map(ResourceMetrics::scope_metrics);
        let mut lines = Vec::new();
        for metric in metrics.flat_map(ScopeMetrics::metrics) {
            let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
                panic!("{metric:?}")
            };
            for point in histogram.data_points() {
                let shown = attributes(point.attributes());
                lines.push(format!("{} {} {shown}", metric.name(), point.count()));
            }
        }
        lines.sort();
        lines
    }
}

fn attributes<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut shown: Vec<_> = attributes.map(|one| format!("{}={}", one.key, one.value)).collect();
    shown.sort();
    shown.join(" ")
}

/// A span in one line, without attributes that differ from run to run.
fn describe_span(span: &SpanData) -> String {
    let differ = ["mcp.session.id", "server.port"];
    let known = span.attributes.iter().filter(|one| !differ.contains(&one.key.as_str()));
    format!("{} {:?} {:?} {}", span.name, span.span_kind, span.status, attributes(known))
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key.as_str() == name);
    found.map(|one| one.value.to_string())
}

async fn server(revision: Revision) -> TestServer {
    let schema = json!({ "type": "object", "properties": { "key": { "type": "string" } } });
    let tool = |name, response: fn() -> CallResult| {
        TestTool::new(name, schema.clone(), move |_| response())
    };
    let builder = TestServer::builder()
        .revisions([revision])
        .tool(tool("add", || CallResult::text("3")))
        .tool(tool("fail", || CallResult::tool_error("5ecret")))
        .tool(tool("refuse", || CallResult::rpc_error(-32007, "5ecret")))
        .prompt(TestPrompt::new("greet", |_| CallResult::messages([])))
        .resource(TestResource::new("file:///5ecret.txt", "notes", "5ecret"));
    builder.start().await.expect("a free port")
}

/// Runs every kind of operation within a span of the application.
async fn run_operations(server: &TestServer, telemetry: &InMemoryTelemetry) {
    let relay = Relay::builder().server("main", Server::http(server.url()));
    let relay = relay.observer(telemetry.observer()).build().expect("usable settings");
    let user = relay.with_token(ALICE);
    async {
        let tools = user.tools("main").await.expect("it succeeds");
        tools.call("add", json!({ "key": "5ecret" })).await.expect("it succeeds");
        tools.call("fail", json!({})).await.expect("it succeeds");
        tools.call("refuse", json!({})).await.expect_err("a failure");
        tools.call("add", json!({ "key": 7 })).await.expect_err("a failure");
        server.script(On::method("tools/call").nth(1), Reply::status(503));
        tools.call("add", json!({})).await.expect_err("a failure");
        user.prompt("main", "greet", json!({})).await.expect("it succeeds");
        user.read_resource("main", "file:///5ecret.txt").await.expect("it succeeds");
    }
    .instrument(tracing::info_span!("application"))
    .await;
}

/// Describes the spans of the operations.
///
/// Asserts that they belong to the application's span and to the context that the server received.
async fn traced_operations(revision: Revision) -> String {
    let (server, telemetry) = (server(revision).await, InMemoryTelemetry::start());
    run_operations(&server, &telemetry).await;
    let spans = telemetry.spans();
    let (application, operations) = spans.split_first().expect("spans");
    assert_eq!((&*application.name, application.parent_span_id), ("application", SpanId::INVALID));
    for span in operations {
        assert_eq!(span.parent_span_id, application.span_context.span_id(), "{span:?}");
        assert_eq!(span.span_context.trace_id(), application.span_context.trace_id());
        let port = attribute(span, "server.port").expect("a port");
        assert!(server.url().contains(&format!("127.0.0.1:{port}/")));
    }
    // N-BASE-14: each request of an operation, lists included, carries its span
    for request in server.requests() {
        let methods = ["tools/list", "tools/call", "prompts/get", "resources/read"];
        let Some(message) = request.json().filter(|_| methods.contains(&request.method())) else {
            continue;
        };
        let id = message["id"].to_string();
        let of = |span: &&SpanData| attribute(span, "jsonrpc.request.id").as_ref() == Some(&id);
        let context = &operations.iter().find(of).expect("its span").span_context;
        let expected = format!("00-{}-{}-01", context.trace_id(), context.span_id());
        assert_eq!(message["params"]["_meta"]["traceparent"], expected.as_str());
    }
    let aliases = operations.iter().filter_map(|span| attribute(span, "mcp.session.id"));
    let aliases: BTreeSet<_> = aliases.collect();
    let requests = server.requests();
    let ids = requests.iter().filter_map(|request| request.header("mcp-session-id"));
    let ids: BTreeSet<_> = ids.map(str::to_owned).collect();
    assert_eq!(aliases.len(), ids.len());
    assert!(aliases.is_disjoint(&ids), "session ids are secrets");
    let lines: Vec<_> = operations.iter().map(describe_span).collect();
    assert_no_secrets(&format!("{operations:?}"));
    lines.join("\n")
}

#[tokio::test]
async fn spans_follow_the_mcp_conventions_in_stateful_versions() {
    assert_snapshot!(traced_operations(Revision::V2025_11_25).await, @r#"
    tools/list Client Unset jsonrpc.request.id=2 mcp.method.name=tools/list mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call add Client Unset gen_ai.operation.name=execute_tool gen_ai.tool.name=add jsonrpc.request.id=3 mcp.method.name=tools/call mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call fail Client Error { description: "" } error.type=tool_error gen_ai.operation.name=execute_tool gen_ai.tool.name=fail jsonrpc.request.id=4 mcp.method.name=tools/call mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call refuse Client Error { description: "" } error.type=-32007 gen_ai.operation.name=execute_tool gen_ai.tool.name=refuse jsonrpc.request.id=5 mcp.method.name=tools/call mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main rpc.response.status_code=-32007 server.address=127.0.0.1
    tools/call add Client Error { description: "" } error.type=invalid_arguments gen_ai.operation.name=execute_tool gen_ai.tool.name=add mcp.method.name=tools/call network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call add Client Error { description: "" } error.type=503 gen_ai.operation.name=execute_tool gen_ai.tool.name=add jsonrpc.request.id=6 mcp.method.name=tools/call mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    prompts/get greet Client Unset gen_ai.prompt.name=greet jsonrpc.request.id=7 mcp.method.name=prompts/get mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    resources/read Client Unset jsonrpc.request.id=8 mcp.method.name=resources/read mcp.protocol.version=2025-11-25 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    "#);
}

#[tokio::test]
async fn spans_follow_the_mcp_conventions_in_stateless_versions() {
    assert_snapshot!(traced_operations(Revision::V2026_07_28).await, @r#"
    tools/list Client Unset jsonrpc.request.id=1 mcp.method.name=tools/list mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call add Client Unset gen_ai.operation.name=execute_tool gen_ai.tool.name=add jsonrpc.request.id=2 mcp.method.name=tools/call mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call fail Client Error { description: "" } error.type=tool_error gen_ai.operation.name=execute_tool gen_ai.tool.name=fail jsonrpc.request.id=3 mcp.method.name=tools/call mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call refuse Client Error { description: "" } error.type=-32007 gen_ai.operation.name=execute_tool gen_ai.tool.name=refuse jsonrpc.request.id=4 mcp.method.name=tools/call mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main rpc.response.status_code=-32007 server.address=127.0.0.1
    tools/call add Client Error { description: "" } error.type=invalid_arguments gen_ai.operation.name=execute_tool gen_ai.tool.name=add mcp.method.name=tools/call network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    tools/call add Client Error { description: "" } error.type=503 gen_ai.operation.name=execute_tool gen_ai.tool.name=add jsonrpc.request.id=5 mcp.method.name=tools/call mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    prompts/get greet Client Unset gen_ai.prompt.name=greet jsonrpc.request.id=6 mcp.method.name=prompts/get mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    resources/read Client Unset jsonrpc.request.id=7 mcp.method.name=resources/read mcp.protocol.version=2026-07-28 network.protocol.name=http network.transport=tcp relay.server=main server.address=127.0.0.1
    "#);
}

#[tokio::test]
async fn metrics_follow_the_mcp_conventions() {
    let (server, telemetry) = (server(Revision::V2025_11_25).await, InMemoryTelemetry::start());
    run_operations(&server, &telemetry).await;
    assert_snapshot!(telemetry.measured().join("\n"), @"
    mcp.client.operation.duration 1 error.type=-32007 gen_ai.tool.name=refuse mcp.method.name=tools/call network.transport=tcp rpc.response.status_code=-32007
    mcp.client.operation.duration 1 error.type=503 gen_ai.tool.name=add mcp.method.name=tools/call network.transport=tcp
    mcp.client.operation.duration 1 error.type=invalid_arguments gen_ai.tool.name=add mcp.method.name=tools/call network.transport=tcp
    mcp.client.operation.duration 1 error.type=tool_error gen_ai.tool.name=fail mcp.method.name=tools/call network.transport=tcp
    mcp.client.operation.duration 1 gen_ai.tool.name=add mcp.method.name=tools/call network.transport=tcp
    mcp.client.operation.duration 1 mcp.method.name=prompts/get network.transport=tcp
    mcp.client.operation.duration 1 mcp.method.name=resources/read network.transport=tcp
    mcp.client.operation.duration 1 mcp.method.name=tools/list network.transport=tcp
    ");
}
