//! The records as a table, the newest first.

use std::collections::VecDeque;

use leptos::prelude::*;
use octobot_wire::traffic::{TrafficDecision, TrafficProtocol, TrafficRecord};

use super::allowing::{Allowing, allow_button};
use super::filter::decision_word;
use super::log::TrafficLog;
use crate::browser;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::form::badge::Badge;
use crate::words::{self, Tone};

/// The table.
#[component]
pub fn TrafficTable(
    /// The log.
    log: TrafficLog,
    /// What allows denied hosts.
    allowing: Allowing,
) -> impl IntoView {
    let records = move || log.records.with(|records| records.iter().cloned().collect::<Vec<_>>());
    view! {
        <table class="traffic__table">
            <caption class="visually-hidden">"Requests and connections, the newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Decision"</th>
                    <th scope="col">"Request"</th>
                    <th scope="col" class="traffic__wide">
                        "Bytes"
                    </th>
                    <th scope="col" class="traffic__wide">
                        "When"
                    </th>
                </tr>
            </thead>
            <tbody>
                <Rows each=records key=|record| record.number let:record>
                    {row(&record, allowing)}
                </Rows>
            </tbody>
        </table>
    }
}

fn row(record: &TrafficRecord, allowing: Allowing) -> AnyView {
    let (port, host) = (record.port, record.host.as_str());
    let host = match (host, port) {
        ("", _) => "No host".to_owned(),
        (host, 0 | 443) => host.to_owned(),
        (host, port) => format!("{host}:{port}"),
    };
    let request = [Some(protocol_word(record.protocol)), record.method.as_deref(), record.path.as_deref()];
    let request = request.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let bytes = format!("{} / {}", words::bytes(record.bytes_up), words::bytes(record.bytes_down));
    let at = record.at;
    let address = record.address.clone().map(|address| format!(" at {address}"));
    let attempts = record.attempts.map(|attempts| format!(", {attempts} attempts"));
    let file = record.rule.starts_with("workspace ").then_some(" (the repository’s .octobot/proxy/config.yaml)");
    let why = [Some(record.rule.clone()), file.map(str::to_owned), address, attempts];
    let why = why.into_iter().flatten().collect::<String>();
    view! {
        <tr>
            <td>
                <Badge text=decision_word(record.decision).to_owned() tone=tone(record.decision)/>
                {record.status.map(|status| view! { <span class="traffic__code">{status}</span> })}
            </td>
            <td class="traffic__request">
                <span class="traffic__host">{host}</span>
                <span class="traffic__path">{request}</span>
                <span class="traffic__rule">{why}</span>
                {allow_button(allowing, record)}
            </td>
            <td class="traffic__wide traffic__number" title="Sent / received">
                {bytes}
            </td>
            <td class="traffic__wide traffic__number">
                {browser::clock::time_of_day(at)}
                <span class="faint">{format!(" {} ms", record.duration_ms)}</span>
            </td>
        </tr>
    }
    .into_any()
}

/// What the table says while it has no rows.
pub fn nothing(log: TrafficLog) -> impl IntoView {
    dynamic(move || {
        let is_empty = log.records.with(VecDeque::is_empty) && log.is_running.get();
        is_empty.then(|| {
            view! {
                <p class="network__none">
                    "Nothing passed yet that fits. What the agent and its tools ask for appears here at once: the prompt “curl \
                     https://example.com” is a way to see it."
                </p>
            }
            .into_any()
        })
    })
}

fn tone(decision: TrafficDecision) -> Tone {
    match decision {
        TrafficDecision::Allow | TrafficDecision::Tunnel | TrafficDecision::Cached => Tone::Good,
        TrafficDecision::Deny | TrafficDecision::Refuse => Tone::Bad,
        TrafficDecision::Fail => Tone::Warning,
    }
}

fn protocol_word(protocol: TrafficProtocol) -> &'static str {
    match protocol {
        TrafficProtocol::Http => "HTTP",
        TrafficProtocol::Https => "HTTPS",
        TrafficProtocol::Connect => "CONNECT",
        TrafficProtocol::Socks5 => "SOCKS 5",
        TrafficProtocol::Transparent | TrafficProtocol::Tcp => "TCP",
        TrafficProtocol::Udp => "UDP",
        TrafficProtocol::Icmp => "Ping",
        TrafficProtocol::Dns => "DNS",
        TrafficProtocol::Unknown => "Unknown",
    }
}
