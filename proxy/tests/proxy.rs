//! The real program with real clients, over real sockets. Hosts are servers of the tests' own on loopback, which the
//! configuration puts in place of names.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "proxy/attacks.rs"]
mod attacks;
#[path = "proxy/bombs.rs"]
mod bombs;
#[path = "mitm/certificates.rs"]
mod certificates;
#[path = "proxy/clients.rs"]
mod clients;
#[path = "proxy/control.rs"]
mod control;
#[path = "proxy/crowds.rs"]
mod crowds;
#[path = "proxy/engines.rs"]
mod engines;
#[path = "proxy/fixture.rs"]
mod fixture;
#[path = "proxy/forward.rs"]
mod forward;
#[path = "proxy/garbage.rs"]
mod garbage;
#[path = "proxy/grpc.rs"]
mod grpc;
#[path = "proxy/images.rs"]
mod images;
#[path = "proxy/injection.rs"]
mod injection;
#[path = "proxy/kept.rs"]
mod kept;
#[path = "proxy/load.rs"]
mod load;
#[path = "proxy/names.rs"]
mod names;
#[path = "proxy/nginx.rs"]
mod nginx;
#[path = "proxy/observing.rs"]
mod observing;
#[path = "proxy/origin.rs"]
mod origin;
#[path = "proxy/packages.rs"]
mod packages;
#[path = "proxy/parent.rs"]
mod parent;
#[path = "proxy/passing.rs"]
mod passing;
#[path = "proxy/programs.rs"]
mod programs;
#[path = "proxy/rebinding.rs"]
mod rebinding;
#[path = "proxy/redirection.rs"]
mod redirection;
#[path = "proxy/refusals.rs"]
mod refusals;
#[path = "proxy/revocation.rs"]
mod revocation;
#[path = "proxy/timing.rs"]
mod timing;
#[path = "proxy/tunnels.rs"]
mod tunnels;
#[path = "proxy/upgrades.rs"]
mod upgrades;
