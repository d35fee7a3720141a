//! The ports that are about the network of sandboxes.

use octobot_app::ports::{Answer, Caller, Network, Traffic};
use octobot_wire::network::{
    AllowHost, DisallowHost, EffectivePolicy, HostAllowed, HostVerdict, NetworkAdditions, NetworkPolicy, NetworkView,
    PolicyScope,
};
use octobot_wire::traffic::TrafficSummary;
use octobot_wire::{ProjectId, SessionId, WorkspaceId};

use super::answer;
use crate::services::{NetworkService, TrafficService};

impl Network for NetworkService {
    fn view<'a>(&'a self, caller: Caller, project: &'a ProjectId) -> Answer<'a, NetworkView> {
        answer(self.view(caller, project), |view| view)
    }

    fn save<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: NetworkPolicy) -> Answer<'a, NetworkPolicy> {
        answer(self.save(caller, project, request), |policy| policy.to_wire())
    }

    fn additions<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        workspace: WorkspaceId,
    ) -> Answer<'a, NetworkAdditions> {
        answer(self.additions(caller, project, workspace), |additions| additions.to_wire())
    }

    fn save_additions<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        workspace: WorkspaceId,
        request: NetworkAdditions,
    ) -> Answer<'a, NetworkAdditions> {
        answer(self.save_additions(caller, project, workspace, request), |additions| additions.to_wire())
    }

    fn effective<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        scope: PolicyScope,
    ) -> Answer<'a, EffectivePolicy> {
        answer(self.effective(caller, project, scope), |rules| rules)
    }

    fn check<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        scope: PolicyScope,
        host: &'a str,
    ) -> Answer<'a, HostVerdict> {
        answer(self.check(caller, project, scope, host), |verdict| verdict)
    }

    fn allow<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: AllowHost) -> Answer<'a, HostAllowed> {
        answer(self.allow(caller, project, request), |allowed| allowed)
    }

    fn disallow<'a>(&'a self, caller: Caller, project: &'a ProjectId, request: DisallowHost) -> Answer<'a, ()> {
        answer(self.disallow(caller, project, request), |()| ())
    }
}

impl Traffic for TrafficService {
    fn summary<'a>(
        &'a self,
        caller: Caller,
        project: &'a ProjectId,
        session: SessionId,
    ) -> Answer<'a, Option<TrafficSummary>> {
        answer(self.summary(caller, project, session), |summary| summary)
    }

    fn clear_cache<'a>(&'a self, caller: Caller, project: &'a ProjectId, session: SessionId) -> Answer<'a, ()> {
        answer(self.clear_cache(caller, project, session), |()| ())
    }
}
