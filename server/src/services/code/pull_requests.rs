//! Pull requests: what a session made is pushed, then offered to where its workspace's code comes from.

use octobot_app::ports::Caller;
use octobot_wire::code::pull_request::{
    Forge, MAX_BRANCH, MAX_TEXT, MAX_TITLE, OpenPullRequest, PullRequestProposal, PullRequestState,
};
use octobot_wire::code::repository::{LogQuery, MOST_COMMITS};
use octobot_wire::event::Change;
use octobot_wire::{ProjectId, SessionId};

use super::CodeService;
use super::pushing::PushedTo;
use super::repository::refusal;
use crate::domain::forge::{Address, ForgeRepository, Site};
use crate::domain::{PullRequest, Session, proposal};
use crate::forge::Told;
use crate::services::ServiceError;
use crate::to_the_end::to_the_end;

/// So many prompts are read for a proposal.
const MOST_PROMPTS: u32 = 50;

/// What is wrong with a request for a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPullRequest {
    /// Its title.
    #[error("Give it a title: one line of at most {MAX_TITLE} characters.")]
    Title,
    /// Its text.
    #[error("The text can have at most {MAX_TEXT} bytes. Shorten it.")]
    Text,
    /// The branch that it is for.
    #[error("Name the branch that it is to be merged into, such as main.")]
    Base,
}

impl InvalidPullRequest {
    /// The field that it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Base => "base",
        }
    }
}

/// Where a pull request is, or would be, and the key that opens it.
struct Door {
    repository: ForgeRepository,
    key: String,
}

impl CodeService {
    /// The pull requests that were opened for what a session made, the latest first.
    pub async fn pull_requests(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<Vec<PullRequest>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        tx.session(project, id).await?.ok_or(ServiceError::NotFound("session"))?;
        Ok(tx.pull_requests(id).await?)
    }

    /// What one could say and where it would be opened, or why it can't be.
    pub async fn propose_pull_request(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
    ) -> Result<PullRequestProposal, ServiceError> {
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let commits = daemon.log(LogQuery { from: 0, count: MOST_COMMITS }).await.map_err(refusal)?.commits;
        let mut tx = self.core.store.read().await?;
        // What asked for commits is nothing that anybody asked for.
        let flow = session.commit_flow.as_ref().map(|flow| flow.turn_id);
        let asked = tx.prompts(id, flow, MOST_PROMPTS).await?;
        drop(tx);
        let door = match self.target(&workspace).await {
            Ok(url) => self.door(&session, &url).await,
            Err(error) => Err(error),
        };
        let (forge, repository, obstacle) = match door {
            Ok(Door { repository, .. }) => (Some(repository.site.forge), repository.path, None),
            Err(error @ (ServiceError::NoForge(_) | ServiceError::NotApplied(_) | ServiceError::NoRepository)) => {
                (None, String::new(), Some(error.to_string()))
            }
            Err(error) => return Err(error),
        };
        let made: Vec<_> =
            commits.iter().rev().filter(|commit| commit.is_new).map(|commit| commit.subject.as_str()).collect();
        Ok(PullRequestProposal {
            title: proposal::title(asked.first().map_or("", String::as_str), session.to_wire().title()),
            text: proposal::text(&asked, made.into_iter()),
            base: workspace.commit.and_then(|commit| commit.branch).unwrap_or_default(),
            forge,
            repository,
            obstacle,
        })
    }

    /// Pushes what a session made, and opens a pull request for it; the answer says whether the branch had an open one already.
    pub async fn open_pull_request(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        request: OpenPullRequest,
    ) -> Result<(PullRequest, bool), ServiceError> {
        let request = checked(request)?;
        let daemon = self.sessions.running(caller, project, id).await?;
        let (session, workspace) = self.places(project, id).await?;
        let url = self.target(&workspace).await?;
        let door = self.door(&session, &url).await?;
        let service = self.clone();
        // One that is open at the forge and known to nobody here would be opened again.
        let work = async move {
            let pushed = service.push_to(&daemon, &session, &workspace, &url).await?;
            service.open_for(&session, door, pushed, request).await
        };
        to_the_end(work).await
    }

    /// Opens a pull request for what was pushed.
    async fn open_for(
        &self,
        session: &Session,
        Door { repository, key }: Door,
        PushedTo { branch, left }: PushedTo,
        request: OpenPullRequest,
    ) -> Result<(PullRequest, bool), ServiceError> {
        if let Some(left) = left {
            let (number, at) = (left.number, left.branch);
            return Err(ServiceError::NotApplied(format!(
                "The session no longer has the commits of {at}, so that it was pushed as {branch}. The open request {number} still has the old ones: close that first, then open another one."
            )));
        }
        let (told, was_open) = self.forges.open(&repository, &key, &branch, &request).await?;
        let request = PullRequest {
            session_id: session.id,
            repository,
            number: told.number,
            branch,
            base: told.base,
            title: told.title,
            is_draft: told.is_draft,
            state: told.state,
            opened_at: self.core.now(),
        };
        let request = self.keep(&session.project_id, request).await?;
        let id = session.id;
        tracing::info!(session.id = %id, pull_request.number = request.number, pull_request.was_open = was_open, "session {id} has the pull request {}", request.number);
        Ok((request, was_open))
    }

    /// The session's open pull request at the repository that a URL leads to. It may have been merged or closed there meanwhile, so its
    /// forge is asked; what that doesn't answer is taken to be as it was.
    pub(super) async fn open_request(&self, session: &Session, url: &str) -> Result<Option<PullRequest>, ServiceError> {
        let requests = self.core.store.read().await?.pull_requests(session.id).await?;
        let Some(request) = open_at(requests, url) else { return Ok(None) };
        let key = self.keys(session).await?.into_iter().find(|(site, _)| *site == request.repository.site);
        let Some((_, key)) = key else { return Ok(Some(request)) };
        match self.forges.look(&request.repository, &key, request.number).await {
            Ok(told) if told.state != request.state => {
                self.keep(&session.project_id, now_as(request, told)).await?;
                Ok(None)
            }
            Ok(_) => Ok(Some(request)),
            Err(error) => {
                tracing::info!(error = %error, session.id = %session.id, "where the pull request {} stands isn't known", request.number);
                Ok(Some(request))
            }
        }
    }

    /// Closes a pull request of a session's. Its branch stays. One that was closed or merged elsewhere is told to be that.
    pub async fn close_pull_request(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        number: u64,
    ) -> Result<PullRequest, ServiceError> {
        let (request, key) = self.known(caller, project, id, number).await?;
        let told = self.forges.close(&request.repository, &key, number).await?;
        tracing::info!(session.id = %id, pull_request.number = number, "the pull request {number} of session {id} was closed");
        self.keep(project, now_as(request, told)).await
    }

    /// Asks the forge where a pull request of a session's stands.
    pub async fn look_at_pull_request(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        number: u64,
    ) -> Result<PullRequest, ServiceError> {
        let (request, key) = self.known(caller, project, id, number).await?;
        let told = self.forges.look(&request.repository, &key, number).await?;
        let now = now_as(request.clone(), told);
        if now == request { Ok(now) } else { self.keep(project, now).await }
    }

    /// A pull request that was opened for a session, and the key for it.
    async fn known(
        &self,
        caller: Caller,
        project: &ProjectId,
        id: SessionId,
        number: u64,
    ) -> Result<(PullRequest, String), ServiceError> {
        let requests = self.pull_requests(caller, project, id).await?;
        let mut named = requests.into_iter().filter(|request| request.number == number);
        let request = named.next().ok_or(ServiceError::NotFound("pull request"))?;
        if named.next().is_some() {
            return Err(ServiceError::NotApplied(format!(
                "The session has opened a request {number} at two repositories. Look at it, or close it, there."
            )));
        }
        let (session, _) = self.places(project, id).await?;
        let site = &request.repository.site;
        let key = self.keys(&session).await?.into_iter().find(|(known, _)| known == site).map(|(_, key)| key);
        let key = key.ok_or_else(|| ServiceError::NoForge(no_key(site)))?;
        Ok((request, key))
    }

    /// Stores what is known of a pull request, and tells the tabs that there is something new about its session.
    async fn keep(&self, project: &ProjectId, mut request: PullRequest) -> Result<PullRequest, ServiceError> {
        let mut tx = self.core.store.begin().await?;
        let session = tx.session(project, request.session_id).await?.ok_or(ServiceError::NotFound("session"))?;
        let session = session.touched(self.core.now());
        let known = tx.pull_requests(request.session_id).await?;
        let is_known = |known: &&PullRequest| known.number == request.number && known.repository == request.repository;
        if let Some(known) = known.iter().find(is_known) {
            request.opened_at = known.opened_at;
        }
        tx.save_pull_request(&request).await?;
        tx.update_session(&session).await?;
        tx.record(project, Change::Session { session: session.to_wire() });
        self.core.commit(tx).await?;
        Ok(request)
    }

    /// The repository that a URL leads to, with the key of one of the session's credentials.
    async fn door(&self, session: &Session, url: &str) -> Result<Door, ServiceError> {
        let Some(address) = Address::parse(url) else {
            return Err(ServiceError::NoForge(format!(
                "What the session made would be pushed to {url}, which is on this machine and takes no pull requests. Push it, and go on there."
            )));
        };
        for (site, key) in self.keys(session).await? {
            if let Some(path) = site.path_of(&address) {
                return Ok(Door { repository: ForgeRepository { site, path }, key });
            }
        }
        let known = [Forge::GitHub, Forge::GitLab].map(great);
        let obstacle = match known.into_iter().find(|site| site.path_of(&address).is_some()) {
            Some(site) => no_key(&site),
            None => format!(
                "Which forge {} is isn’t known. Add a GitHub or GitLab credential that has its address, {}, to the project or the session.",
                address.host,
                address.origin.unwrap_or_else(|| format!("https://{}", address.host)),
            ),
        };
        Err(ServiceError::NoForge(obstacle))
    }

    /// The forges that a session's credentials open, each with the key. What a session was given for itself comes first.
    async fn keys(&self, session: &Session) -> Result<Vec<(Site, String)>, ServiceError> {
        let mut tx = self.core.store.read().await?;
        let mut keys = Vec::new();
        for credential in tx.credentials_of_session(&session.project_id, session.id).await?.into_iter().rev() {
            if let Some(site) = credential.site() {
                let values = tx.credential_values(credential.id).await?;
                keys.extend(credential.key(&values).map(|key| (site, key.to_owned())));
            }
        }
        Ok(keys)
    }
}

/// One of the great two.
fn great(forge: Forge) -> Site {
    let url = match forge {
        Forge::GitHub => "https://github.com",
        Forge::GitLab => "https://gitlab.com",
    };
    Site { forge, url: url.to_owned() }
}

fn no_key(site: &Site) -> String {
    let kind = match site.forge {
        Forge::GitHub => "GitHub",
        Forge::GitLab => "GitLab",
    };
    format!(
        "There is no credential for {}. Add one of the type {kind} to the project, or give it to this session.",
        site.host()
    )
}

/// A pull request as its forge tells it now.
fn now_as(request: PullRequest, told: Told) -> PullRequest {
    let Told { title, base, is_draft, state, .. } = told;
    PullRequest { base, title, is_draft, state, ..request }
}

/// A request that a forge may take.
fn checked(request: OpenPullRequest) -> Result<OpenPullRequest, InvalidPullRequest> {
    let OpenPullRequest { title, text, base, is_draft } = request;
    let (title, base) = (title.trim().to_owned(), base.trim().to_owned());
    if title.is_empty() || title.chars().count() > MAX_TITLE || title.contains(char::is_control) {
        return Err(InvalidPullRequest::Title);
    }
    if text.len() > MAX_TEXT || text.contains('\0') {
        return Err(InvalidPullRequest::Text);
    }
    let is_branch =
        !base.is_empty() && base.len() <= MAX_BRANCH && !base.contains(|c: char| c.is_control() || c == ' ');
    if is_branch { Ok(OpenPullRequest { title, text, base, is_draft }) } else { Err(InvalidPullRequest::Base) }
}

/// The open one of them at this repository: what the session makes goes on on its branch, whatever the session is called by now.
fn open_at(requests: Vec<PullRequest>, url: &str) -> Option<PullRequest> {
    let address = Address::parse(url)?;
    let is_there = |request: &PullRequest| {
        request.state == PullRequestState::Open
            && request.repository.site.path_of(&address).is_some_and(|path| path == request.repository.path)
    };
    requests.into_iter().find(is_there)
}
