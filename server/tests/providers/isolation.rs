//! What a sandbox must not see or do. Each test has a control that shows that it could fail.

use std::fs;

use super::bench::{Bench, remove, run, session, start, turn};

pub async fn the_servers_environment_isnt_inside(bench: &dyn Bench) {
    let own = "CARGO_MANIFEST_DIR";
    assert!(std::env::var_os(own).is_some(), "the control: this process should have it");
    let session = session();
    let client = start(bench, session).await;
    let outcome = run(&client, "env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'").await;
    assert!(outcome.output.contains("HOME=/home/octobot"), "{}", outcome.output);
    assert!(!outcome.output.contains(own), "{}", outcome.output);
    remove(bench, session).await;
}

pub async fn private_files_of_the_host_arent_inside(bench: &dyn Bench) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "a secret of the host").unwrap();
    let session = session();
    let client = start(bench, session).await;
    let visible = run(&client, "cat /etc/passwd /usr/bin/env > /dev/null && echo control").await;
    assert_eq!(visible.output, "control\n");
    // What a file system shows that isn't made for the sandbox, and where a host keeps what is nobody's business.
    let folders = "command ls -A /root /var/run/docker.sock /run/docker.sock /run /tmp /srv /mnt /media /boot /var/lib \
                   2>/dev/null | grep -v -e : -e '^$'";
    let script = format!(
        "cat {} /etc/shadow /etc/ssl/private/* 2>/dev/null; {folders}; command ls /home; \
         find / -xdev -name '*.sock' 2>/dev/null",
        secret.display()
    );
    let outcome = run(&client, &script).await;
    let bare = bench.bare(folders);
    let lines: Vec<_> = outcome
        .output
        .lines()
        .filter(|line| !line.starts_with("ls: ") && !line.is_empty() && *line != "/home:")
        .filter(|line| !bare.lines().any(|bare| bare == *line))
        .collect();
    assert_eq!(lines, ["octobot"], "only the sandbox's own home is there");
    remove(bench, session).await;
}

pub async fn a_session_doesnt_see_anothers_data_or_processes(bench: &dyn Bench) {
    let [mine, theirs] = [session(), session()];
    let (me, them) = (start(bench, mine).await, start(bench, theirs).await);
    let marker = format!("marker-{}", theirs.uuid().simple());
    assert!(run(&them, &format!("touch {marker}; (exec -a {marker} sleep 1000) & disown")).await.succeeded());
    let path = bench.home_on_host(theirs).join("workspace").join(&marker);
    assert!(path.exists(), "the control: the host sees {}", path.display());
    let look =
        |path: &str| format!("ls {path} 2>/dev/null; find / -name '{marker}' 2>/dev/null; pgrep -fc '^{marker}'; true");
    assert_eq!(run(&them, &look("-d .")).await.output.lines().last(), Some("1"), "the control: they see it");
    assert_eq!(run(&me, &look(&path.display().to_string())).await.output, "0\n");
    // Neither do numbers of processes mean anything from one to the other, nor do signals arrive.
    // The answer may be lost, because the daemon is one of the processes that this hits.
    drop(me.deliver(&turn("kill -9 -1")).await);
    assert_eq!(run(&them, &format!("pgrep -fc '^{marker}'")).await.output, "1\n");
    for session in [mine, theirs] {
        remove(bench, session).await;
    }
}

pub async fn system_directories_and_the_agent_cant_be_written(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    let script = "for path in /usr/bin/new /etc/new /new /.octobot/new /proc/sys/kernel/hostname; do \
                    (echo x > $path) 2>/dev/null && echo \"wrote $path\"; done; \
                  agent=$(readlink /proc/[0-9]*/exe 2>/dev/null | grep octobot-agent | sort -u); (echo x >> $agent) 2>/dev/null && echo wrote; \
                  (rm -f $agent || mv $agent /tmp) 2>/dev/null && echo replaced; \
                  mount -o remount,rw /usr 2>/dev/null && echo remounted; \
                  umount -l $agent 2>/dev/null && echo unmounted; \
                  echo x > ./control && echo control; echo $agent";
    let outcome = run(&client, script).await;
    assert_eq!(outcome.output, "control\n/.octobot/octobot-agent\n");
    remove(bench, session).await;
}

pub async fn nobody_becomes_root(bench: &dyn Bench) {
    let session = session();
    let client = start(bench, session).await;
    let script = "cp /usr/bin/id ./id && chmod 4755 ./id && ./id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; \
                  (su -c 'id -u' || sudo -n id -u || unshare --user --map-root-user id -u) < /dev/null 2>/dev/null; \
                  chown 0 ./id 2>/dev/null && echo given; mknod ./null c 1 3 2>/dev/null && echo device; true";
    let outcome = run(&client, script).await;
    assert_eq!(outcome.output, "1000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
    // The control: the file does have the bit.
    let id = bench.home_on_host(session).join("workspace/id");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(id).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o4755);
    remove(bench, session).await;
}
