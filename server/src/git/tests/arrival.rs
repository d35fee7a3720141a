//! What sandboxes give back, as branches.

use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::*;
use crate::git::{Arrival, put_branch, remove_branch};

impl Fixture {
    /// A bundle as a sandbox makes it: a clone of `project` with a commit that writes `text` into `made`.
    fn result(&self, text: &str) -> PathBuf {
        let name = format!("sandbox-{text}");
        self.git(".", &["clone", "-q", "project", &name]);
        self.write(&format!("{name}/made"), text);
        let commit = self.commit_all(&name, "Made");
        self.git(&name, &["update-ref", BUNDLE_RESULT_REF, &commit]);
        let out = self.path(&format!("{name}.bundle"));
        self.git(&name, &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF, "^origin/main"]);
        out
    }

    async fn put(&self, bundle: &Path) -> Result<Arrival, GitError> {
        put_branch(&self.path("project"), bundle, "octobot/work", &self.path("data/scratch")).await
    }
}

#[tokio::test]
async fn a_result_becomes_a_branch_and_nothing_else_changes() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/readme", "not committed\n");
    // Whatever the repository configures isn't run.
    let script = fixture.write_script("owned.sh", "touch \"$(dirname \"$0\")/owned\"");
    let hook = fixture.write_script("project/.git/hooks/reference-transaction", &script.display().to_string());
    fixture.git("project", &["config", "core.fsmonitor", script.to_str().unwrap()]);
    fixture.git("project", &["config", "core.alternateRefsCommand", script.to_str().unwrap()]);
    let before = snapshot(&path);

    let arrival = fixture.put(&fixture.result("one")).await.unwrap();
    assert_eq!(arrival.branch, "octobot/work");
    let changed: Vec<_> = changed_since(&before, &path);
    let is_expected = |path: &&PathBuf| {
        let path = path.to_string_lossy();
        path.contains("/.git/objects/pack/")
            || path.contains("/.git/refs/heads/octobot/")
            || path.contains("/.git/logs/")
    };
    assert!(changed.iter().all(|path| is_expected(&path)), "{changed:?}");
    assert!(!fixture.path("owned").exists());
    fs::remove_file(hook).unwrap();
    fixture.git("project", &["config", "--unset", "core.fsmonitor"]);
    assert_eq!(fixture.git("project", &["show", "octobot/work:made"]), "one");
    assert_eq!(fixture.git("project", &["rev-parse", "octobot/work"]), arrival.commit);
    assert_eq!(fixture.git("project", &["status", "--short"]), " M readme");
    fixture.git("project", &["fsck", "--strict"]);

    // The same again is the same branch; another result gets another name, and no commit is lost.
    assert_eq!(fixture.put(&fixture.path("sandbox-one.bundle")).await.unwrap(), arrival);
    let second = fixture.put(&fixture.result("two")).await.unwrap();
    assert_eq!(second.branch, "octobot/work-2");
    assert_eq!(fixture.git("project", &["show", "octobot/work:made"]), "one");
    assert!(fs::read_dir(fixture.path("data/scratch")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_branch_is_taken_back_only_while_it_is_what_was_put() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let arrival = fixture.put(&fixture.result("one")).await.unwrap();
    let other = Arrival { commit: fixture.git("project", &["rev-parse", "main"]), ..arrival.clone() };
    assert!(!remove_branch(&path, &other).await.unwrap());
    assert!(remove_branch(&path, &arrival).await.unwrap());
    assert!(!remove_branch(&path, &arrival).await.unwrap());
    assert_eq!(fixture.git("project", &["branch", "--list", "octobot/*"]), "");
}

#[tokio::test]
async fn what_is_no_result_leaves_nothing() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let before = snapshot(&path);
    let garbage = fixture.write("garbage.bundle", "# v2 git bundle\nhello\n");
    assert!(fixture.put(&garbage).await.is_err());
    // One that builds upon what the repository doesn't have.
    let bundle = fixture.result("one");
    fixture.write("project/readme", "other\n");
    let elsewhere = fixture.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fixture.git("elsewhere", &["init", "-q", "-b", "main"]);
    fixture.write("elsewhere/a", "a");
    fixture.commit_all("elsewhere", "Elsewhere");
    let put = put_branch(&elsewhere, &bundle, "octobot/work", &fixture.path("data/scratch")).await;
    assert!(put.is_err(), "{put:?}");
    assert_eq!(fixture.git("elsewhere", &["branch", "--list"]), "* main");
    fixture.write("project/readme", "hello\n");
    let changed = changed_since(&before, &path);
    assert!(changed.iter().all(|path| path.ends_with("readme")), "{changed:?}");
}
