//! Bundles that were made to fill disks and memories, or to bring what git wouldn't make.

use std::io::Write as _;
use std::time::Duration;

use octobot_wire::daemon::BUNDLE_RESULT_REF;

use super::*;
use crate::git::intake::{Limits, take_in};
use crate::git::repository::Repository;
use crate::git::scratch::Scratch;

const SMALL: Limits = Limits {
    bundle: 1 << 20,
    objects: 1_000,
    object: 8 << 20,
    trees: 1 << 20,
    named: 10_000,
    files: 10_000,
    bytes: 64 << 20,
    memory: 512 << 20,
    patience: Duration::from_mins(5),
};

impl Fixture {
    /// Takes a bundle in as if it came from a sandbox, and tells what stands in the way.
    async fn take_in(&self, bundle: &Path, limits: Limits) -> Result<(), String> {
        let project = self.path("project");
        let repository = Repository::existing(project.clone()).await.unwrap();
        let scratch = Scratch::of_repository(&project, &repository, Some(&self.path("data/scratch"))).await.unwrap();
        let taken = take_in(&scratch, bundle, &[BUNDLE_RESULT_REF], limits).await;
        taken.map_err(|error| error.to_string())
    }

    /// A clone of the project, in which something bad is made.
    fn sandbox(&self) -> &'static str {
        self.repository("project");
        self.git(".", &["clone", "-q", "project", "sandbox"]);
        "sandbox"
    }

    /// What git makes of what it reads.
    fn printed_by(&self, arguments: &[&str], input: impl FnOnce(&mut std::process::ChildStdin)) -> String {
        let mut child = Command::new("git")
            .args(["-c", "core.compression=1"])
            .args(arguments)
            .current_dir(self.path("sandbox"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        input(&mut child.stdin.take().unwrap());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn blob_of_zeros(&self, mebibytes: usize) -> String {
        let zeros = vec![0; 1 << 20];
        self.printed_by(&["hash-object", "-w", "--stdin"], |stdin| {
            (0..mebibytes).for_each(|_| stdin.write_all(&zeros).unwrap());
        })
    }

    fn tree(&self, lines: &str) -> String {
        self.printed_by(&["mktree", "--missing"], |stdin| stdin.write_all(lines.as_bytes()).unwrap())
    }

    /// A tree that `git mktree` wouldn't make.
    fn tree_by_hand(&self, entries: &[(&str, &str, &str)]) -> String {
        self.printed_by(&["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], |stdin| {
            for (mode, name, id) in entries {
                let id: Vec<u8> =
                    (0..id.len() / 2).map(|at| u8::from_str_radix(&id[2 * at..][..2], 16).unwrap()).collect();
                stdin.write_all(&[format!("{mode} {name}\0").as_bytes(), &id].concat()).unwrap();
            }
        })
    }

    /// A bundle with a commit of a tree.
    fn bundle_with(&self, tree: &str) -> PathBuf {
        let name = ["-c", "user.name=a", "-c", "user.email=b"];
        let commit = self.git("sandbox", &[&name[..], &["commit-tree", tree, "-p", "HEAD", "-m", "x"]].concat());
        self.git("sandbox", &["update-ref", BUNDLE_RESULT_REF, &commit]);
        let out = self.path("made.bundle");
        self.git("sandbox", &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF, "^origin/main"]);
        out
    }
}

#[tokio::test]
async fn a_small_pack_with_a_file_of_zeros_is_refused() {
    let fixture = Fixture::new();
    fixture.sandbox();
    let blob = fixture.blob_of_zeros(64);
    let bundle = fixture.bundle_with(&fixture.tree(&format!("100644 blob {blob}\tzeros\n")));
    assert!(fs::metadata(&bundle).unwrap().len() < 1 << 20);
    let told = fixture.take_in(&bundle, SMALL).await.unwrap_err();
    assert!(told.starts_with("A file of over 8 MiB"), "{told}");
    // Many of a size that is taken.
    let blob = fixture.blob_of_zeros(7);
    let lines = (0..10).map(|number| format!("100644 blob {blob}\t{number}\n")).collect::<Vec<_>>().concat();
    let bundle = fixture.bundle_with(&fixture.tree(&lines));
    let told = fixture.take_in(&bundle, SMALL).await.unwrap_err();
    assert!(told.contains("comes to over 10000 files"), "{told}");
    let taken = fixture.take_in(&bundle, Limits { bytes: 71 << 20, ..SMALL }).await;
    assert!(taken.is_ok(), "{taken:?}");
    let told = fixture.take_in(&bundle, Limits { bundle: 100, ..SMALL }).await.unwrap_err();
    assert!(told.contains("more than is taken over at once"), "{told}");
    let told = fixture.take_in(&bundle, Limits { objects: 2, ..SMALL }).await.unwrap_err();
    assert!(told.starts_with("The session has made more than 2 files"), "{told}");
}

#[tokio::test]
async fn a_tree_that_holds_itself_over_and_over_is_refused_at_once() {
    let fixture = Fixture::new();
    fixture.sandbox();
    let blob = fixture.blob_of_zeros(0);
    let mut tree = fixture.tree(&format!("100644 blob {blob}\tf\n"));
    for _ in 0..12 {
        let lines = (0..10).map(|number| format!("040000 tree {tree}\td{number}\n")).collect::<Vec<_>>().concat();
        tree = fixture.tree(&lines);
    }
    let bundle = fixture.bundle_with(&tree);
    assert!(fs::metadata(&bundle).unwrap().len() < 16 << 10);
    let told = fixture.take_in(&bundle, SMALL).await.unwrap_err();
    assert!(told.contains("comes to over 10000 files"), "{told}");
    let (project, scratch) = (fixture.path("project"), fixture.path("data/scratch"));
    assert!(super::super::put_branch(&project, &bundle, "octobot/bomb", &scratch).await.is_err());
    assert_eq!(fixture.git("project", &["branch", "--list", "octobot/*"]), "");
    // What the workspace has may be held, too.
    let root = fixture.git("sandbox", &["rev-parse", "HEAD^{tree}"]);
    let lines = (0..1_000).map(|number| format!("040000 tree {root}\td{number}\n")).collect::<Vec<_>>().concat();
    let bundle = fixture.bundle_with(&fixture.tree(&lines));
    assert!(fixture.take_in(&bundle, SMALL).await.is_ok());
    let told = fixture.take_in(&bundle, Limits { files: 999, ..SMALL }).await.unwrap_err();
    assert!(told.contains("comes to over 999 files"), "{told}");
}

#[tokio::test]
async fn a_folder_that_only_git_takes_for_one_is_refused() {
    let fixture = Fixture::new();
    fixture.sandbox();
    let blob = fixture.blob_of_zeros(0);
    let mut tree = fixture.tree(&format!("100644 blob {blob}\tf\n"));
    for _ in 0..12 {
        let names: Vec<_> = (0..10).map(|number| format!("d{number}")).collect();
        let entries: Vec<_> = names.iter().map(|name| ("40755", name.as_str(), tree.as_str())).collect();
        tree = fixture.tree_by_hand(&entries);
    }
    let listed = fixture.git("sandbox", &["ls-tree", &tree, "d0"]);
    assert!(listed.starts_with("040000 tree"), "control: git takes it for a folder: {listed}");
    let told = fixture.take_in(&fixture.bundle_with(&tree), SMALL).await.unwrap_err();
    assert!(told.contains("a mode that git doesn't give"), "{told}");
}

#[tokio::test]
async fn what_is_measured_takes_no_more_memory_than_it_should() {
    let fixture = Fixture::new();
    fixture.sandbox();
    let blobs: Vec<_> = (0..3).map(|size| fixture.blob_of_zeros(size)).collect();
    let lines: Vec<_> = blobs.iter().map(|blob| format!("100644 blob {blob}\t{blob}\n")).collect();
    let bundle = fixture.bundle_with(&fixture.tree(&lines.concat()));
    assert!(fixture.take_in(&bundle, SMALL).await.is_ok());
    let told = fixture.take_in(&bundle, Limits { named: 3, ..SMALL }).await.unwrap_err();
    assert!(told.starts_with("The session has made more than 3 files"), "{told}");
    // A pack is refused by what it says of itself, before git reads it.
    let mut bytes = fs::read(&bundle).unwrap();
    let pack = bytes.windows(4).position(|bytes| bytes == b"PACK").unwrap();
    bytes[pack + 8..pack + 12].copy_from_slice(&u32::MAX.to_be_bytes());
    fs::write(&bundle, bytes).unwrap();
    let told = fixture.take_in(&bundle, SMALL).await.unwrap_err();
    assert!(told.starts_with("The session has made more than 1000 files"), "{told}");
}

#[tokio::test]
async fn git_gets_no_more_memory_than_it_may_have() {
    let fixture = Fixture::new();
    fixture.sandbox();
    // A commit is read as a whole, whatever is said of large files.
    let zeros = vec![b' '; 1 << 20];
    let head = fixture.git("sandbox", &["cat-file", "commit", "HEAD"]);
    let commit = fixture.printed_by(&["hash-object", "-t", "commit", "-w", "--stdin"], |stdin| {
        stdin.write_all(head.as_bytes()).unwrap();
        (0..200).for_each(|_| stdin.write_all(&zeros).unwrap());
    });
    fixture.git("sandbox", &["update-ref", BUNDLE_RESULT_REF, &commit]);
    let out = fixture.path("made.bundle");
    fixture.git("sandbox", &["bundle", "create", "-q", out.to_str().unwrap(), BUNDLE_RESULT_REF]);
    let limits = Limits { object: 1 << 30, ..SMALL };
    let told = fixture.take_in(&out, Limits { memory: 64 << 20, ..limits }).await.unwrap_err();
    assert!(told.contains("memory"), "{told}");
    assert!(fixture.take_in(&out, Limits { memory: 2 << 30, ..limits }).await.is_ok());
}

#[tokio::test]
async fn what_git_wouldnt_make_is_refused() {
    let fixture = Fixture::new();
    fixture.sandbox();
    let blob = fixture.blob_of_zeros(0);
    for name in [".git", "..", "a/b", ".GIT"] {
        let tree = fixture.tree_by_hand(&[("100644", name, &blob)]);
        let told = fixture.take_in(&fixture.bundle_with(&tree), SMALL).await.unwrap_err();
        assert!(told.contains("unpacking"), "{name}: {told}");
    }
    // A file that isn't there.
    let tree = fixture.tree(&format!("100644 blob {}\tf\n", "1".repeat(40)));
    let commit =
        fixture.printed_by(&["-c", "user.name=a", "-c", "user.email=b", "commit-tree", &tree, "-m", "x"], |_| {});
    let pack = fixture.printed_by(&["pack-objects", "-q", "made"], |stdin| {
        writeln!(stdin, "{tree}\n{commit}").unwrap();
    });
    let pack = fs::read(fixture.path(&format!("sandbox/made-{pack}.pack"))).unwrap();
    let header = format!("# v2 git bundle\n{commit} {BUNDLE_RESULT_REF}\n\n");
    let bundle = fixture.path("missing.bundle");
    fs::write(&bundle, [header.as_bytes(), &pack].concat()).unwrap();
    let told = fixture.take_in(&bundle, SMALL).await.unwrap_err();
    assert!(told.contains("unpacking"), "{told}");
    fs::write(&bundle, [header.as_bytes(), &pack[..pack.len() / 2]].concat()).unwrap();
    assert!(fixture.take_in(&bundle, SMALL).await.is_err());
}
