//! Metrics: the one recorder of this process and its text for Prometheus.
//!
//! Every room counts with the macros of the `metrics` crate; this room only installs the recorder, once, and prints
//! what it holds. Names begin with `gatewarden_hub_` and carry their unit. No label ever carries a plate, a name or
//! a path with ids in it.

use std::sync::OnceLock;

use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;

/// Seconds at which request times are told apart.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder; later calls change nothing.
pub fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = match builder.set_buckets(&BUCKETS) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = recorder.handle();
        if ::metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder was installed first");
        }
        describe();
        handle
    });
}

/// Prints everything in Prometheus' text format.
pub fn render() -> String {
    match RECORDER.get() {
        Some(handle) => {
            handle.run_upkeep();
            handle.render()
        }
        None => String::new(),
    }
}

fn describe() {
    ::metrics::describe_histogram!(
        "gatewarden_hub_request_seconds",
        "Time from a request's head to its answer's head, by method, route and status"
    );
    ::metrics::describe_gauge!(
        "gatewarden_hub_writes_waiting",
        "Writes that wait for the store, by who waits"
    );
    ::metrics::describe_gauge!(
        "gatewarden_hub_live_streams",
        "Consoles that listen to live news"
    );
    ::metrics::describe_gauge!("gatewarden_hub_connections", "Open HTTPS connections");
    ::metrics::describe_counter!(
        "gatewarden_hub_log_ins_total",
        "Log-in attempts, by how they ended"
    );
    ::metrics::describe_gauge!(
        "gatewarden_hub_build_info",
        "Always 1; version and build are its labels"
    );
    ::metrics::describe_gauge!("gatewarden_hub_edges_connected", "Edges that are connected");
}
