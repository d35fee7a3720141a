//! What every provider has to do, written against the trait. A provider joins by implementing [`bench::Bench`] and
//! being named in the call of [`contract!`] at the end; what is special to one provider stands in its own module.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod providers {
    pub mod bench;
    pub mod docker;
    pub mod host;
    pub mod isolation;
    pub mod lifecycle;
    pub mod limits;
    pub mod local;
    pub mod network;
    pub mod terminals;
    pub mod turns;
}

/// Makes each test of the contract a test of each of these providers.
macro_rules! contract {
    ($($provider:ident),* : $tests:tt) => {
        $(contract! { @provider $provider $tests })*
    };
    (@provider $provider:ident { $($module:ident :: { $($test:ident),* $(,)? }),* $(,)? }) => {
        mod $provider {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let Some(bench) = crate::providers::$provider::bench() else { return };
                    crate::providers::$module::$test(&bench).await;
                }
            )*)*
        }
    };
}

mod contract {
    contract! {
        local, docker: {
            lifecycle::{
                a_started_sandbox_answers_and_is_listed,
                two_starts_at_once_make_one_sandbox,
                a_start_that_is_killed_at_any_moment_can_be_repeated,
                a_sandbox_outlives_its_provider_and_is_found_again,
                a_killed_sandbox_is_seen_and_started_again_with_its_data,
                files_survive_a_stop,
                a_start_during_a_stop_waits_for_its_end,
                removing_leaves_nothing,
                stopping_and_removing_what_isnt_there_is_fine,
                there_is_room_where_sandboxes_are_kept,
            },
            turns::{
                a_turn_runs_as_the_sandboxs_user_in_the_workspace,
                code_arrives_as_a_bundle,
                what_changed_is_told_and_files_are_read,
                a_wrong_token_is_refused,
            },
            terminals::{
                a_shell_in_a_terminal_is_the_sandboxs_users_and_is_restored_with_its_output,
            },
            isolation::{
                the_servers_environment_isnt_inside,
                private_files_of_the_host_arent_inside,
                a_session_doesnt_see_anothers_data_or_processes,
                system_directories_and_the_agent_cant_be_written,
                nobody_becomes_root,
            },
            limits::{
                a_fork_bomb_is_bounded_and_hits_nobody_else,
                a_memory_bomb_is_killed_and_the_sandbox_lives_on,
            },
        }
    }
}

mod network {
    contract! {
        local, docker: {
            network::{
                what_the_policy_allows_is_reached_also_by_programs_that_know_of_no_proxy,
                nothing_reaches_the_host_past_the_proxy,
                another_policy_is_in_force_without_a_restart,
                what_the_proxy_adds_to_requests_is_nowhere_inside,
                connections_wait_for_the_next_proxy_when_one_dies,
            },
        }
    }
}
