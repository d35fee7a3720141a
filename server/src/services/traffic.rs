//! What passes through the proxies of sessions: their logs, followed and exported, what they come to by host, and the cache.
//!
//! A session's proxy has its log, so it is there while the sandbox runs.

mod told;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use octobot_app::ports::Caller;
use octobot_proxy::log::{Filter, Record};
use octobot_wire::traffic::{TrafficFilter, TrafficPage, TrafficRecord, TrafficSummary};
use octobot_wire::{ProjectId, SessionId};
use tokio::time::{Instant, sleep};

use self::told::{told, told_cache, told_hosts, told_page, understood};
use super::{Core, ServiceError};
use crate::sandbox::proxy_client::{LogPage, PAGE};
use crate::sandbox::{Provider, ProxyClient, ProxyError};

/// How long a proxy may take to listen after its sandbox has started, or after it was killed and is replaced.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is looked whether it listens: nothing tells that a socket begins to.
const START_RETRY: Duration = Duration::from_millis(20);

/// See the module.
pub struct TrafficService {
    core: Arc<Core>,
    provider: Arc<dyn Provider>,
}

impl TrafficService {
    /// Works on `core`; `provider` knows the proxies.
    pub fn new(core: Arc<Core>, provider: Arc<dyn Provider>) -> Self {
        Self { core, provider }
    }

    /// Records of a session's proxy: those after a number, or else the last ones.
    pub async fn page(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        asked: TrafficFilter,
    ) -> Result<TrafficPage, ServiceError> {
        let proxy = self.proxy(caller, project, session).await?;
        let limit = asked.limit.unwrap_or(PAGE).min(PAGE);
        let (after, filter) = (asked.after, understood(asked));
        let page = match after {
            Some(after) => proxy.log(after, &filter, limit).await?,
            None => held(&proxy, &filter, limit).await?,
        };
        told_page(page)
    }

    /// The same, and all that follows for as long as the proxy runs.
    pub async fn follow(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        asked: TrafficFilter,
    ) -> Result<impl Stream<Item = Result<TrafficPage, ServiceError>> + Send + use<>, ServiceError> {
        let proxy = self.proxy(caller, project, session).await?;
        let first = self.page(caller, project, session, asked.clone()).await?;
        let following = proxy.follow(first.last, &understood(asked)).await?;
        let following = following.map(|page| page.map_err(ServiceError::from).and_then(told_page));
        Ok(stream::iter([Ok(first)]).chain(following))
    }

    /// All records that the proxy holds and that pass a filter, oldest first.
    pub async fn export(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
        asked: TrafficFilter,
    ) -> Result<Vec<TrafficRecord>, ServiceError> {
        let proxy = self.proxy(caller, project, session).await?;
        let page = held(&proxy, &understood(asked), usize::MAX).await?;
        page.records.into_iter().map(told).collect()
    }

    /// What was counted by host, and what the cache did, since the proxy started; nothing where no sandbox runs.
    pub async fn summary(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<Option<TrafficSummary>, ServiceError> {
        let proxy = match self.proxy(caller, project, session).await {
            Err(ServiceError::SandboxDown) => return Ok(None),
            proxy => proxy?,
        };
        let (hosts, cache) = tokio::try_join!(proxy.hosts(), proxy.cache_stats())?;
        Ok(Some(TrafficSummary { hosts: told_hosts(hosts), cache: told_cache(&cache) }))
    }

    /// Removes everything from the cache that the project's sandboxes share.
    pub async fn clear_cache(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<(), ServiceError> {
        self.proxy(caller, project, session).await?.clear_cache().await?;
        tracing::info!(project.id = %project, session.id = %session, "the cache of project {project} was cleared");
        Ok(())
    }

    async fn proxy(
        &self,
        caller: Caller,
        project: &ProjectId,
        session: SessionId,
    ) -> Result<ProxyClient, ServiceError> {
        let mut tx = self.core.store.read().await?;
        self.core.member(&mut tx, caller, project).await?;
        tx.session(project, session).await?.ok_or(ServiceError::NotFound("session"))?;
        drop(tx);
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let connection = self.provider.proxy(session).await.map_err(|error| ServiceError::Sandbox(error.into()))?;
            let proxy = ProxyClient::new(connection.ok_or(ServiceError::SandboxDown)?);
            match proxy.reach().await {
                Err(ProxyError::Unreachable { .. }) if Instant::now() < deadline => sleep(START_RETRY).await,
                reached => return Ok(reached.map(|()| proxy)?),
            }
        }
    }
}

/// The last `most` records that a proxy holds and that pass a filter.
async fn held(proxy: &ProxyClient, filter: &Filter, most: usize) -> Result<LogPage, ServiceError> {
    let mut records: VecDeque<Record> = VecDeque::new();
    let mut after = 0;
    loop {
        let page = proxy.log(after, filter, PAGE).await?;
        let is_last = page.records.len() < PAGE;
        after = page.last;
        records.extend(page.records);
        records.drain(..records.len().saturating_sub(most));
        if is_last {
            return Ok(LogPage { records: records.into(), last: after, gap: false });
        }
    }
}
