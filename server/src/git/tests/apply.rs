//! What sandboxes give back, on the branch that the workspace is on.

use octobot_wire::code::repository::{Applied, ApplyEnd, ApplyMethod, ApplyOutcome};
use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::*;
use crate::git::{apply, undo_apply};

impl Fixture {
    /// A bundle as a sandbox makes it: a clone of `project` in which `change` has made commits.
    fn made(&self, name: &str, change: impl FnOnce(&Self, &str)) -> PathBuf {
        self.git(".", &["clone", "-q", "project", name]);
        change(self, name);
        self.git(name, &["update-ref", BUNDLE_RESULT_REF, "HEAD"]);
        let out = self.path(&format!("{name}.bundle"));
        self.git(name, &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF, "^origin/main"]);
        out
    }

    async fn try_apply(&self, bundle: &Path, method: ApplyMethod) -> Result<ApplyOutcome, GitError> {
        apply(&self.path("project"), bundle, method, "Title", &self.path("data/scratch")).await
    }

    async fn apply(&self, bundle: &Path, method: ApplyMethod) -> ApplyOutcome {
        let outcome = self.try_apply(bundle, method).await.unwrap();
        assert!(!self.path("project/.git/index.lock").exists());
        assert!(fs::read_dir(self.path("data/scratch")).unwrap().next().is_none());
        outcome
    }

    async fn undo(&self, applied: &Applied) -> Result<(), GitError> {
        undo_apply(&self.path("project"), applied, &self.path("data/scratch")).await
    }

    /// All that git says of the work tree.
    fn status(&self) -> String {
        self.git("project", &["status", "--short"])
    }

    fn head(&self) -> String {
        self.git("project", &["rev-parse", "HEAD"])
    }
}

/// Two commits with files of every kind.
fn some_work(fixture: &Fixture, name: &str) {
    fixture.write(&format!("{name}/new/deep/file"), "new\n");
    fixture.write_script(&format!("{name}/run"), "true");
    std::os::unix::fs::symlink("/etc/passwd", fixture.path(&format!("{name}/link"))).unwrap();
    fs::remove_file(fixture.path(&format!("{name}/src/lib"))).unwrap();
    fixture.commit_all(name, "One");
    fixture.write(&format!("{name}/readme"), "changed\n");
    fixture.commit_all(name, "Two");
}

#[tokio::test]
async fn a_branch_without_others_is_moved_forward_and_back() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let bundle = fixture.made("sandbox", some_work);
    let before = fixture.head();
    fixture.write("project/untracked", "mine\n");
    // Whatever the repository configures isn't run: hooks, filters, a file monitor.
    let script = fixture.write_script("owned.sh", "touch \"$(dirname \"$0\")/owned\"; cat");
    for hook in ["reference-transaction", "post-checkout", "post-merge", "post-index-change"] {
        fixture.write_script(&format!("project/.git/hooks/{hook}"), &script.display().to_string());
    }
    for key in ["core.fsmonitor", "filter.x.clean", "filter.x.smudge", "merge.x.driver", "core.alternateRefsCommand"] {
        fixture.git("project", &["config", key, script.to_str().unwrap()]);
    }
    fixture.write("project/.git/info/attributes", "* filter=x merge=x\n");
    let unchanged = fs::metadata(path.join("src")).unwrap().modified().unwrap();

    let outcome = fixture.apply(&bundle, ApplyMethod::FastForward).await;
    assert_eq!(
        (outcome.end, outcome.branch.as_deref(), outcome.commits, outcome.others),
        (ApplyEnd::Applied, Some("main"), 2, 0)
    );
    assert!(!fixture.path("owned").exists());
    fs::remove_dir_all(path.join(".git/hooks")).unwrap();
    fs::remove_file(path.join(".git/info/attributes")).unwrap();
    fixture.git("project", &["config", "--unset", "core.fsmonitor"]);
    assert_eq!(fixture.status(), "?? untracked");
    assert_eq!(fs::read_to_string(path.join("readme")).unwrap(), "changed\n");
    assert!(!path.join("src").exists() && unchanged.elapsed().is_ok());
    assert_eq!(fs::read_link(path.join("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(fs::metadata(path.join("run")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fixture.git("project", &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(fixture.git("project", &["log", "--format=%s", "-2"]), "Two\nOne");
    assert!(fixture.git("project", &["reflog", "-1"]).contains("octobot: what a session made"));
    fixture.git("project", &["fsck", "--strict"]);
    let applied = outcome.applied.unwrap();
    let kept = format!("refs/octobot/applied/{}/before", applied.number);
    assert_eq!(fixture.git("project", &["rev-parse", &kept]), before);
    assert_eq!(fixture.apply(&bundle, ApplyMethod::FastForward).await.end, ApplyEnd::NothingNew);

    // Back, but not what isn't the same any more.
    fixture.write("project/readme", "edited\n");
    assert!(fixture.undo(&applied).await.unwrap_err().to_string().contains("readme"));
    // Written again as it was, and that a while ago: git compares seconds.
    let written = fixture.write("project/readme", "changed\n");
    let file = fs::File::options().write(true).open(written).unwrap();
    let earlier = file.metadata().unwrap().modified().unwrap() - std::time::Duration::from_mins(1);
    file.set_modified(earlier).unwrap();
    let forged = Applied { commit: Some(before.clone()), ..applied.clone() };
    assert!(fixture.undo(&forged).await.is_err());
    fixture.undo(&applied).await.unwrap();
    assert_eq!((fixture.head(), fixture.status().as_str()), (before, "?? untracked"));
    assert_eq!(fs::read_to_string(path.join("src/lib")).unwrap(), "code\n");
    assert!(!path.join("new").exists());
    assert!(fixture.undo(&applied).await.is_err());
    // The next has another number.
    let again = fixture.apply(&bundle, ApplyMethod::FastForward).await.applied.unwrap();
    assert_eq!(again.number, applied.number + 1);
    fixture.commit_all("project", "On top");
    assert!(fixture.undo(&again).await.unwrap_err().to_string().contains("other commits"));
}

#[tokio::test]
async fn a_branch_with_others_is_merged_or_rebased_when_that_is_asked_for() {
    for method in [ApplyMethod::Merge, ApplyMethod::Rebase] {
        let fixture = Fixture::new();
        fixture.repository("project");
        let bundle = fixture.made("sandbox", some_work);
        fixture.write("project/other", "other\n");
        let other = fixture.commit_all("project", "Other");
        let outcome = fixture.apply(&bundle, ApplyMethod::FastForward).await;
        assert_eq!((outcome.end, outcome.commits, outcome.others), (ApplyEnd::Diverged, 2, 1));
        assert_eq!((fixture.head(), fixture.status().as_str()), (other.clone(), ""));

        let outcome = fixture.apply(&bundle, method).await;
        assert_eq!(outcome.end, ApplyEnd::Applied);
        assert_eq!(fixture.status(), "");
        assert_eq!(fixture.git("project", &["show", "HEAD:readme"]), "changed");
        assert_eq!(fixture.git("project", &["show", "HEAD:other"]), "other");
        let told = fixture.git("project", &["log", "--first-parent", "--format=%s %an", "-3"]);
        let expected = if method == ApplyMethod::Merge {
            "Merge session “Title” into main Octobot\nOther A\nFirst commit A"
        } else {
            "Two A\nOne A\nOther A"
        };
        assert_eq!(told, expected);
        fixture.git("project", &["fsck", "--strict"]);
        fixture.undo(&outcome.applied.unwrap()).await.unwrap();
        assert_eq!((fixture.head(), fixture.status().as_str()), (other, ""));
    }
}

#[tokio::test]
async fn conflicts_are_told_and_leave_nothing() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let bundle = fixture.made("sandbox", some_work);
    fixture.write("project/readme", "theirs\n");
    fixture.commit_all("project", "Other");
    let before = snapshot(&path);
    for method in [ApplyMethod::Merge, ApplyMethod::Rebase] {
        let outcome = fixture.apply(&bundle, method).await;
        assert_eq!((outcome.end, outcome.files), (ApplyEnd::Conflicts, vec!["readme".to_owned()]));
    }
    assert_eq!(changed_since(&before, &path), [""; 0].map(PathBuf::from));
}

#[tokio::test]
async fn nothing_that_no_commit_has_is_overwritten() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    fixture.write("project/.gitignore", "*.log\n");
    fixture.commit_all("project", "Ignore");
    let bundle = fixture.made("sandbox", |fixture, name| {
        fixture.write(&format!("{name}/a/b"), "b\n");
        fixture.write(&format!("{name}/forced.log"), "log\n");
        fixture.git(name, &["add", "-f", "forced.log"]);
        fixture.commit_all(name, "Made");
    });
    for (file, end) in [
        ("readme", ApplyEnd::Dirty),
        ("a", ApplyEnd::InTheWay),
        ("a/b", ApplyEnd::InTheWay),
        ("forced.log", ApplyEnd::InTheWay),
    ] {
        fixture.write(&format!("project/{file}"), "mine\n");
        let before = snapshot(&path);
        let outcome = fixture.apply(&bundle, ApplyMethod::FastForward).await;
        assert_eq!((outcome.end, outcome.files), (end, vec![file.to_owned()]), "{file}");
        assert_eq!(changed_since(&before, &path), [""; 0].map(PathBuf::from), "{file}");
        fixture.git("project", &["checkout", "-q", "HEAD", "--", "."]);
        fixture.git("project", &["clean", "-fdxq"]);
    }
    // What is only staged counts as well, and a file in the place of a link that leads out isn't written there.
    fixture.write("project/staged", "staged\n");
    fixture.git("project", &["add", "staged"]);
    assert_eq!(fixture.apply(&bundle, ApplyMethod::FastForward).await.files, ["staged"]);
    fixture.git("project", &["reset", "-q", "--hard"]);
    fs::create_dir(fixture.path("out")).unwrap();
    std::os::unix::fs::symlink(fixture.path("out"), path.join("a")).unwrap();
    assert_eq!(fixture.apply(&bundle, ApplyMethod::FastForward).await.end, ApplyEnd::InTheWay);
    assert!(fs::read_dir(fixture.path("out")).unwrap().next().is_none());
}

#[tokio::test]
async fn what_has_to_be_settled_first_is_told() {
    let fixture = Fixture::new();
    let path = fixture.repository("project");
    let bundle = fixture.made("sandbox", some_work);
    let refused = async |told: &str| {
        let refused = fixture.try_apply(&bundle, ApplyMethod::FastForward).await.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    };
    fixture.write("project/.git/index.lock", "");
    refused("index.lock").await;
    assert!(path.join(".git/index.lock").exists());
    fs::remove_file(path.join(".git/index.lock")).unwrap();
    for (name, told) in [("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("CHERRY_PICK_HEAD", "cherry-pick")] {
        fixture.write(&format!("project/.git/{name}"), "");
        refused(told).await;
        fs::remove_file(path.join(".git").join(name)).unwrap();
    }
    fixture.git("project", &["sparse-checkout", "set", "--no-cone", "src"]);
    refused("sparse").await;
    fixture.git("project", &["sparse-checkout", "disable"]);
    fixture.git("project", &["checkout", "-q", "--detach"]);
    refused("no branch").await;
    fixture.git("project", &["checkout", "-q", "main"]);
    fixture.git(".", &["init", "-q", "--bare", "bare"]);
    let bare =
        apply(&fixture.path("bare"), &bundle, ApplyMethod::FastForward, "x", &fixture.path("data/scratch")).await;
    assert!(bare.unwrap_err().to_string().contains("without files"));
    assert_eq!(fixture.apply(&bundle, ApplyMethod::FastForward).await.end, ApplyEnd::Applied);
}

#[tokio::test]
async fn a_linked_work_tree_has_its_own_branch_moved() {
    let fixture = Fixture::new();
    fixture.repository("project");
    let bundle = fixture.made("sandbox", some_work);
    fixture.git("project", &["worktree", "add", "-q", "-b", "side", "../side"]);
    let outcome =
        apply(&fixture.path("side"), &bundle, ApplyMethod::FastForward, "x", &fixture.path("data/scratch")).await;
    assert_eq!(outcome.unwrap().branch.as_deref(), Some("side"));
    assert_eq!(fixture.git("side", &["status", "--short", "--branch"]), "## side");
    assert_eq!(fixture.git("side", &["log", "-1", "--format=%s"]), "Two");
    assert_eq!(fixture.git("project", &["log", "-1", "--format=%s"]), "First commit");
    assert_eq!(fixture.status(), "");
}
