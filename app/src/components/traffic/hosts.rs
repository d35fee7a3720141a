//! What was counted, by host.

use leptos::prelude::*;
use octobot_wire::traffic::HostTraffic;

use super::log::TrafficLog;
use crate::components::dynamic::dynamic;
use crate::words;

/// How many hosts are shown; all are in the REST API's answer.
const MOST_HOSTS: usize = 50;

/// The hosts with the most bytes first. Pressing one shows its records alone.
#[component]
pub fn HostTable(
    /// The log.
    log: TrafficLog,
) -> impl IntoView {
    let hosts = move || {
        let hosts = log.summary.with(|summary| match summary {
            Some(Ok(summary)) => summary.hosts.iter().take(MOST_HOSTS).cloned().collect(),
            Some(Err(_)) | None => Vec::new(),
        });
        (!hosts.is_empty()).then(|| table(log, hosts))
    };
    view! { {dynamic(hosts)} }
}

fn table(log: TrafficLog, hosts: Vec<HostTraffic>) -> AnyView {
    let rows: Vec<_> = hosts.into_iter().map(|host| row(log, host)).collect();
    view! {
        <h2 class="page__subtitle">"By host"</h2>
        <table class="traffic__table">
            <caption class="visually-hidden">"Requests and bytes by host, since the sandbox started"</caption>
            <thead>
                <tr>
                    <th scope="col">"Host"</th>
                    <th scope="col">"Requests"</th>
                    <th scope="col">"Denied"</th>
                    <th scope="col" class="traffic__wide">
                        "Sent"
                    </th>
                    <th scope="col">"Received"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(log: TrafficLog, counted: HostTraffic) -> AnyView {
    let HostTraffic { host, allowed, denied, failed, bytes_up, bytes_down } = counted;
    let chosen = host.clone();
    let (requests, label) = (allowed + denied + failed, format!("Show the requests of {host}"));
    view! {
        <tr>
            <td class="traffic__request">
                <button type="button" class="fold" title=label on:click=move |_| log.filter.host.set(chosen.clone())>
                    {host}
                </button>
            </td>
            <td class="traffic__number">{requests}</td>
            <td class="traffic__number">{denied}</td>
            <td class="traffic__number traffic__wide">{words::bytes(bytes_up)}</td>
            <td class="traffic__number">{words::bytes(bytes_down)}</td>
        </tr>
    }
    .into_any()
}
