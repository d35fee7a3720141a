//! How every failure is answered: the one place where errors get a kind and a status.

use octobot_wire::{FieldProblem, Problem, ProblemKind};

use crate::services::{AttachmentError, ServiceError};
use crate::store::StoreError;

/// A problem of a kind, with what happened here.
pub fn problem(kind: ProblemKind, detail: impl Into<String>) -> Problem {
    let (title, status) = kind_facts(kind);
    Problem { kind, title: title.to_owned(), detail: detail.into(), status, request_id: None, errors: Vec::new() }
}

/// A problem with one field of a form.
pub fn field_problem(field: &str, detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    let errors = vec![FieldProblem { field: field.to_owned(), detail: detail.clone() }];
    Problem { errors, ..problem(ProblemKind::Invalid, detail) }
}

/// How a service's failure is answered. What only the operator may know goes to the log instead.
pub fn of_service(error: &ServiceError) -> Problem {
    let detail = error.to_string();
    match error {
        ServiceError::Forge(error) if error.is_passing() => problem(ProblemKind::Unavailable, detail),
        ServiceError::NotFound(_) | ServiceError::NoSnapshot => problem(ProblemKind::NotFound, detail),
        ServiceError::Transition(_)
        | ServiceError::Code(_)
        | ServiceError::FilesUnchanged(_)
        | ServiceError::RepositoryRefused(_)
        | ServiceError::NotApplied(_)
        | ServiceError::NoRepository
        | ServiceError::NoForge(_)
        | ServiceError::Forge(_)
        | ServiceError::BranchMoved(_)
        | ServiceError::Attachment(AttachmentError::Gone(_))
        | ServiceError::AgentTypeFixed
        | ServiceError::AgentIsDefault
        | ServiceError::AgentInUse { .. }
        | ServiceError::SandboxDown
        | ServiceError::TurnRuns
        | ServiceError::TurnsOpen
        | ServiceError::TurnSetAside
        | ServiceError::ConversationWentOn
        | ServiceError::RewindSettled
        | ServiceError::TerminalRefused(_)
        | ServiceError::PolicyChanged
        | ServiceError::StillDenied(_)
        | ServiceError::AgentNotRunning
        | ServiceError::NoAgent => problem(ProblemKind::Conflict, detail),
        ServiceError::Name { field, .. } | ServiceError::ChoiceRefused { field, .. } => field_problem(field, detail),
        ServiceError::Source(_) => field_problem("source", detail),
        ServiceError::Limit(limit) => field_problem(limit.field, detail),
        ServiceError::PromptEmpty => field_problem("prompt", detail),
        ServiceError::PromptTooLong { .. } => {
            Problem { errors: field_problem("prompt", detail.clone()).errors, ..problem(ProblemKind::TooLarge, detail) }
        }
        ServiceError::FileTooLarge(_)
        | ServiceError::Attachment(
            AttachmentError::TooLarge { .. }
            | AttachmentError::TooManyPixels { .. }
            | AttachmentError::TooMany { .. }
            | AttachmentError::TooLargeTogether { .. },
        ) => problem(ProblemKind::TooLarge, detail),
        ServiceError::Attachment(AttachmentError::Empty { .. } | AttachmentError::NoImage { .. }) => {
            problem(ProblemKind::Invalid, detail)
        }
        ServiceError::SystemPromptTooLong { .. } => field_problem("options.systemPrompt", detail),
        ServiceError::CommandMissing => field_problem("options.command", detail),
        ServiceError::NulInOptions => field_problem("options", detail),
        ServiceError::McpServer { field, index, source } => {
            field_problem(&format!("{field}.{index}.{}", source.field()), detail)
        }
        ServiceError::NetworkPolicy(invalid) => field_problem(&invalid.field, detail),
        ServiceError::LinesNotUnderstood => field_problem("open", detail),
        ServiceError::NotAllowed => problem(ProblemKind::Forbidden, detail),
        ServiceError::Credential(source) => field_problem(source.field(), detail),
        ServiceError::Sandbox(source) => {
            tracing::warn!(error = &**source as &dyn std::error::Error, "a sandbox can't be reached");
            problem(ProblemKind::Unavailable, detail)
        }
        ServiceError::PullRequest(invalid) => field_problem(invalid.field(), detail),
        ServiceError::SandboxStarting => problem(ProblemKind::Unavailable, detail),
        ServiceError::SetupScriptTooLong { .. } => field_problem("setupScript", detail),
        ServiceError::Store(error) => of_store(error),
    }
}

fn of_store(error: &StoreError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
    if error.is_passing() {
        let detail = "The database can't be written or reached at the moment. Nothing was changed; try again shortly.";
        problem(ProblemKind::Unavailable, detail)
    } else {
        problem(ProblemKind::Internal, "Something went wrong in Octobot. The server's log has the details.")
    }
}

const fn kind_facts(kind: ProblemKind) -> (&'static str, u16) {
    match kind {
        ProblemKind::Invalid => ("The request isn't valid", 422),
        ProblemKind::Unauthenticated => ("Log in first", 401),
        ProblemKind::Forbidden => ("Not allowed", 403),
        ProblemKind::NotFound => ("Not found", 404),
        ProblemKind::Conflict => ("Not possible now", 409),
        ProblemKind::TooLarge => ("Too large", 413),
        ProblemKind::Unavailable => ("Try again", 503),
        ProblemKind::Internal => ("Internal error", 500),
    }
}
