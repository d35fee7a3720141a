//! `GET /health`.

use axum::Json;
use axum::extract::State;
use octobot_wire::daemon::Health;

use crate::api::Api;
use crate::driver::Standing;

/// Says that the daemon is up, and where it stands.
pub async fn get(State(api): State<Api>) -> Json<Health> {
    let Standing { running, held, is_set_up } = api.turns.standing();
    Json(Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        last_event: api.log.last(),
        turn: running,
        has_code: api.workspace.has_code(),
        is_set_up,
        held,
    })
}
