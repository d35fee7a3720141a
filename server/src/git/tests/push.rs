//! What sandboxes give back, pushed to where a workspace's code comes from.

use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::*;
use crate::git::{PushTarget, clone_into_cache, push, target_url};

/// A workspace `project` with a bare `origin`.
fn with_origin() -> Fixture {
    let fixture = Fixture::new();
    fixture.repository("project");
    fixture.git(".", &["clone", "-q", "--bare", "project", "origin.git"]);
    fixture
}

impl Fixture {
    /// A bundle as a sandbox makes it, whose one commit has this message.
    fn made_of(&self, name: &str, message: &str) -> PathBuf {
        if !self.path(name).exists() {
            self.git(".", &["clone", "-q", "project", name]);
        }
        self.write(&format!("{name}/made"), message);
        self.commit_all(name, message);
        self.git(name, &["update-ref", BUNDLE_RESULT_REF, "HEAD"]);
        let out = self.path(&format!("{name}.bundle"));
        self.git(name, &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF, "^origin/main"]);
        out
    }

    async fn push(&self, bundle: &Path) -> Result<String, GitError> {
        let (workspace, scratch) = (self.path("project"), self.path("data/scratch"));
        let url = target_url(&workspace, PushTarget::Origin).await?;
        let pushed = push(&workspace, &url, None, bundle, "octobot/work", &scratch).await;
        assert!(fs::read_dir(self.path("data/scratch")).unwrap().next().is_none());
        pushed
    }

    fn point_origin_at(&self, url: &str) {
        self.git("project", &["config", "remote.origin.url", url]);
    }

    fn pushed(&self, branch: &str) -> String {
        self.git("origin.git", &["log", "-1", "--format=%s", branch])
    }
}

#[tokio::test]
async fn a_session_is_pushed_again_and_again_and_overwrites_nobodys_branch() {
    let fixture = with_origin();
    let url = format!("file://{}", fixture.path("origin.git").display());
    fixture.point_origin_at(&url);
    // What either repository would run isn't run.
    let script = fixture.write_script("owned.sh", "touch \"$(dirname \"$0\")/owned\"");
    for hook in ["project/.git/hooks/pre-push", "origin.git/hooks/update", "origin.git/hooks/post-receive"] {
        fixture.write_script(hook, &script.display().to_string());
    }
    let before = snapshot(&fixture.path("project"));
    assert_eq!(fixture.push(&fixture.made_of("one", "First")).await.unwrap(), "octobot/work");
    assert_eq!(fixture.push(&fixture.made_of("one", "Second")).await.unwrap(), "octobot/work");
    assert_eq!(fixture.pushed("octobot/work"), "Second");
    assert_eq!(fixture.push(&fixture.made_of("other", "Other")).await.unwrap(), "octobot/work-2");
    assert_eq!((fixture.pushed("octobot/work"), fixture.pushed("octobot/work-2")), ("Second".into(), "Other".into()));
    assert_eq!(changed_since(&before, &fixture.path("project")), [] as [PathBuf; 0]);
    assert!(!fixture.path("owned").exists());
    fixture.git("origin.git", &["fsck", "--strict"]);
    // The hooks would have run.
    fixture.git("one", &["push", "-q", &url, "HEAD:refs/heads/mine"]);
    assert!(fixture.path("owned").exists());
}

#[tokio::test]
async fn a_path_is_a_folder_and_a_clone_knows_where_it_comes_from() {
    let fixture = with_origin();
    let bundle = fixture.made_of("sandbox", "Work");
    fixture.point_origin_at("../origin.git");
    assert_eq!(fixture.push(&bundle).await.unwrap(), "octobot/work");
    let url = format!("file://{}", fixture.path("origin.git").display());
    let cache = fixture.path("data/cache.git");
    clone_into_cache(&url, None, &cache, |_| (), &tokio_util::sync::CancellationToken::new()).await.unwrap();
    let scratch = fixture.path("data/scratch");
    let pushed = push(&cache, &url, None, &bundle, "octobot/clone", &scratch).await;
    assert_eq!((pushed.unwrap().as_str(), fixture.pushed("octobot/clone").as_str()), ("octobot/clone", "Work"));
}

#[tokio::test]
async fn an_origin_that_cannot_be_pushed_to_says_why() {
    let fixture = with_origin();
    let bundle = fixture.made_of("sandbox", "Work");
    let refusal = async || fixture.push(&bundle).await.unwrap_err().to_string();
    assert!(refusal().await.contains("no remote called origin"));
    for (url, reason) in [
        ("ext::sh -c touch% owned", "URL"),
        ("https://user:secret@example.com/a.git", "credentials"),
        ("--upload-pack=touch owned", "hyphen"),
        ("./none.git", "none.git"),
        ("file:///no/such/folder.git", "no repository"),
    ] {
        fixture.point_origin_at(url);
        let told = refusal().await;
        assert!(told.to_lowercase().contains(&reason.to_lowercase()) && !told.contains("secret"), "{url}: {told}");
    }
    assert!(!fixture.path("owned").exists() && !fixture.path("project/owned").exists());
}
