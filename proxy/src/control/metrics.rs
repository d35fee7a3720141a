//! Figures for Prometheus, in its text format. Hosts aren't labels: their number has no bound that a store would like.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Control;
use crate::log::Counts;

/// Tells the figures.
pub async fn show(State(control): State<Control>) -> impl IntoResponse {
    let proxy = &control.proxy;
    let mut total = Counts::default();
    for counts in proxy.log.hosts().values() {
        total.allowed += counts.allowed;
        total.denied += counts.denied;
        total.failed += counts.failed;
        total.bytes_up += counts.bytes_up;
        total.bytes_down += counts.bytes_down;
    }
    let lost = proxy.log.health().map_or(0, |health| health.lost);
    let mut text = String::new();
    let mut figure = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
        let _ = writeln!(text, "# HELP octobot_proxy_{name} {help}\n# TYPE octobot_proxy_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "octobot_proxy_{name}{labels} {value}");
        }
    };
    let requests = [
        ("{decision=\"allow\"}", total.allowed),
        ("{decision=\"deny\"}", total.denied),
        ("{decision=\"fail\"}", total.failed),
    ];
    figure("requests_total", "counter", "Requests and connections, by what became of them.", &requests);
    let bytes = [("{direction=\"up\"}", total.bytes_up), ("{direction=\"down\"}", total.bytes_down)];
    figure("bytes_total", "counter", "Bytes of bodies and tunnels.", &bytes);
    figure("connections", "gauge", "Open connections of clients.", &[("", proxy.connections() as u64)]);
    figure("log_lost_total", "counter", "Records that couldn't be written.", &[("", lost)]);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
