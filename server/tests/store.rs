//! The store's contract: one suite, run on SQLite and on PostgreSQL.
//!
//! SQLite runs in a folder of its own for each test. PostgreSQL runs where `OCTOBOT_TEST_POSTGRES_URL` names a server
//! on which databases may be made: each test makes one, and drops it when it is done.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "store/attachments.rs"]
mod attachments;
#[path = "store/credentials.rs"]
mod credentials;
#[path = "store/database.rs"]
mod database;
#[path = "store/events.rs"]
mod events;
#[path = "store/forks.rs"]
mod forks;
#[path = "store/integrity.rs"]
mod integrity;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/mcp_servers.rs"]
mod mcp_servers;
#[path = "store/migrations.rs"]
mod migrations;
#[path = "store/network.rs"]
mod network;
#[path = "store/parts.rs"]
mod parts;
#[path = "store/projects.rs"]
mod projects;
#[path = "store/pull_requests.rs"]
mod pull_requests;
#[path = "store/rewinds.rs"]
mod rewinds;
#[path = "store/samples.rs"]
mod samples;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/transcript.rs"]
mod transcript;
#[path = "store/turns.rs"]
mod turns;
#[path = "store/workspaces.rs"]
mod workspaces;

/// A test that waits for what never comes fails.
async fn in_time(test: impl Future<Output = ()>) {
    tokio::time::timeout(std::time::Duration::from_mins(1), test).await.unwrap();
}

/// Runs each test of the contract on both engines.
macro_rules! contract {
    ($($module:ident::$test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                let database = crate::database::Database::sqlite().await;
                crate::in_time(crate::$module::$test(&database)).await;
                database.remove().await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                let Some(database) = crate::database::Database::postgres().await else { return };
                crate::in_time(crate::$module::$test(&database)).await;
                database.remove().await;
            })+
        }
    };
}

contract! {
    projects::the_installation_keeps_its_first_id,
    projects::the_local_project_is_made_once,
    projects::replicas_that_start_together_make_one_local_project,
    projects::preferences_are_kept_for_each_user,
    projects::there_is_one_default_agent,
    projects::an_agent_is_kept_as_it_is_saved,
    projects::an_agent_with_sessions_cannot_be_deleted,
    mcp_servers::an_agents_mcp_servers_are_replaced_all_at_once,
    mcp_servers::a_name_is_given_once_to_an_agents_mcp_servers,
    mcp_servers::the_values_of_mcp_servers_are_sealed_and_bound_to_their_rows,
    credentials::a_credential_is_kept_as_it_is_saved,
    credentials::a_project_has_a_credentials_name_once,
    credentials::what_is_known_of_a_credentials_use_is_kept,
    credentials::a_session_has_those_of_every_session_and_those_that_it_was_given,
    credentials::a_credentials_values_are_sealed_and_bound_to_their_row,
    network::a_project_begins_with_a_policy_and_keeps_its_own,
    network::what_a_workspace_adds_goes_with_it,
    network::a_policy_that_cannot_be_read_is_an_error,
    workspaces::every_state_of_a_workspace_is_kept,
    workspaces::workspaces_are_listed_oldest_first,
    workspaces::a_workspace_of_another_project_is_not_found,
    workspaces::a_workspace_with_sessions_cannot_be_deleted,
    sessions::every_state_of_a_session_is_kept,
    sessions::sessions_are_listed_by_their_last_change,
    sessions::an_idempotency_key_is_used_once_in_a_project,
    sessions::the_daemons_events_advance_once,
    sessions::an_update_does_not_touch_the_daemons_events,
    sessions::the_log_is_numbered_and_its_end_is_read,
    sessions::what_an_agent_tells_is_kept,
    sessions::deleting_a_session_leaves_nothing_of_it,
    sessions::a_session_needs_its_workspace_and_agent,
    turns::turns_are_numbered_and_numbers_are_not_reused,
    turns::every_state_of_a_turn_is_kept,
    turns::an_idempotency_key_is_used_once_in_a_session,
    turns::open_queued_and_active_turns_are_told_apart,
    turns::a_turn_with_a_smaller_place_runs_before_those_that_were_queued_earlier,
    turns::a_queued_prompt_is_sealed_and_a_delivered_one_is_not,
    turns::a_sealed_prompt_cannot_be_moved_to_another_turn,
    turns::prompts_queued_at_the_same_time_get_numbers_of_their_own,
    turns::what_a_turn_costs_is_kept,
    attachments::a_file_is_sealed_and_goes_with_one_turn,
    attachments::files_that_no_turn_took_are_deleted_those_of_turns_with_their_session,
    transcript::messages_keep_their_parts_in_order,
    transcript::messages_are_read_in_pages,
    parts::every_content_of_a_part_is_kept,
    parts::every_status_of_a_tool_call_is_kept,
    parts::a_part_is_changed_but_keeps_its_kind,
    parts::a_part_is_found_by_its_number,
    parts::a_number_is_given_once_in_a_turn,
    parts::text_is_put_together_from_its_chunks,
    parts::the_agents_parts_of_a_turn_are_read_from_a_position_on,
    parts::a_file_is_found_in_its_session_only,
    events::events_are_numbered_without_gaps_for_each_project,
    events::events_are_stored_as_they_travel,
    events::concurrent_commits_are_numbered_in_their_order,
    events::a_reader_never_sees_a_number_before_its_event,
    events::what_is_rolled_back_takes_no_number,
    events::other_replicas_hear_of_events_once_they_are_committed,
    events::old_events_are_pruned_but_the_newest_are_kept,
    jobs::a_job_is_taken_when_it_is_due,
    jobs::asking_again_keeps_one_job_that_is_due_earlier,
    jobs::a_job_that_was_asked_for_again_runs_again,
    jobs::a_lease_that_ran_out_is_lost_to_the_next_taker,
    jobs::a_server_that_stalled_doesnt_take_a_later_lease_of_its_own_for_the_first,
    jobs::a_failed_try_is_due_later,
    jobs::a_failed_try_of_an_old_generation_is_due_at_once,
    jobs::two_takers_never_get_the_same_job,
    jobs::a_clean_shutdown_gives_its_jobs_back,
    jobs::a_lease_has_one_owner,
    forks::a_turn_that_has_ended_is_copied_with_what_its_parts_say,
    pull_requests::a_sessions_pull_requests_are_kept_and_go_with_it,
    rewinds::what_was_said_from_a_message_on_is_set_aside_and_brought_back,
    rewinds::a_rewind_is_settled_when_something_was_said_since_and_further_ones_go_beyond_it,
    integrity::unknown_text_in_a_column_is_an_error,
    integrity::a_nul_character_is_refused,
    integrity::a_number_that_does_not_fit_is_refused,
    integrity::updating_what_is_gone_is_an_error,
    integrity::a_read_only_transaction_cannot_write,
    integrity::a_reader_sees_one_state,
    integrity::a_failed_transaction_cannot_be_committed,
    integrity::what_was_read_is_not_changed_by_others,
    integrity::opening_again_migrates_nothing,
    integrity::replicas_that_start_together_migrate_once,
    integrity::a_newer_schema_is_refused,
    migrations::a_transcript_from_before_agents_is_kept,
}
