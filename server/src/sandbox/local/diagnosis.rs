//! From a failed probe to what a person can do about it. Pure: the facts about the host are gathered by the caller.

use std::fs;
use std::path::Path;

use rustix::io::Errno;

use super::protocol::{SetupError, Step};

/// The oldest kernel that has all that is used here: `mount_setattr` came with 5.12, process limits that count within
/// a user namespace with 5.14.
const OLDEST_KERNEL: (u32, u32) = (5, 14);

/// What about a host decides whether namespaces can be made.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// The kernel's version.
    pub kernel: (u32, u32),
    /// `kernel.unprivileged_userns_clone`, where the distribution has it.
    pub unprivileged_clone: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, where there is `AppArmor`.
    pub apparmor_restricts: Option<u64>,
    /// `user.max_user_namespaces`.
    pub max_user_namespaces: Option<u64>,
    /// Whether the server runs in a container.
    pub in_container: bool,
    /// Whether the server is root.
    pub is_root: bool,
}

impl Host {
    /// This host.
    pub fn look() -> Self {
        let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        Self {
            kernel: parse_release(&release),
            unprivileged_clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            max_user_namespaces: number("/proc/sys/user/max_user_namespaces"),
            in_container: ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists()),
            is_root: rustix::process::geteuid().is_root(),
        }
    }
}

/// Says what stands in the way, and what mends it.
pub(super) fn diagnose(error: &SetupError, host: &Host) -> (String, String) {
    let (reason, remedy) = cause(error, host);
    (format!("{reason} ({error})"), remedy)
}

fn cause(error: &SetupError, host: &Host) -> (String, String) {
    let refused = matches!(errno(error), Some(Errno::PERM | Errno::ACCESS));
    let sysctl = |setting: &str| {
        let file = "/etc/sysctl.d/60-octobot.conf";
        format!("Run: echo '{setting}' | sudo tee {file} && sudo sysctl -p {file}")
    };
    if host.kernel < OLDEST_KERNEL {
        let ((major, minor), (oldest_major, oldest_minor)) = (host.kernel, OLDEST_KERNEL);
        let reason = format!("Linux {major}.{minor} is too old: sandboxes need {oldest_major}.{oldest_minor} or later");
        return (reason, "Update the system to one with a later kernel".to_owned());
    }
    if let Some((reason, remedy)) = file_cause(error.step) {
        return (reason.to_owned(), remedy.to_owned());
    }
    if host.max_user_namespaces == Some(0) || errno(error) == Some(Errno::NOSPC) {
        return ("user namespaces are turned off".to_owned(), sysctl("user.max_user_namespaces=65536"));
    }
    if refused && !host.is_root && host.unprivileged_clone == Some(0) {
        let reason = "user namespaces are kept from ordinary users";
        return (reason.to_owned(), sysctl("kernel.unprivileged_userns_clone=1"));
    }
    if refused && !host.is_root && host.apparmor_restricts.is_some_and(|restricts| restricts != 0) {
        let reason = "AppArmor keeps user namespaces from ordinary users";
        return (reason.to_owned(), sysctl("kernel.apparmor_restrict_unprivileged_userns=0"));
    }
    if refused && host.in_container {
        let reason = "the container that the server runs in doesn't let it make namespaces";
        let remedy = "Start the container with: --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
                      --security-opt systempaths=unconfined";
        return (reason.to_owned(), remedy.to_owned());
    }
    if refused {
        let reason = "the kernel refuses namespaces to this server";
        let remedy = "Run the server as another user or outside of whatever confines it; `unshare --user \
                      --map-root-user --pid --fork --mount-proc true` has to work for it";
        return (reason.to_owned(), remedy.to_owned());
    }
    let remedy = "See the server's log, and try `bwrap --dev-bind / / true` for comparison";
    ("a sandbox can't be made here".to_owned(), remedy.to_owned())
}

/// What goes wrong with files goes wrong on any host.
fn file_cause(step: Step) -> Option<(&'static str, &'static str)> {
    match step {
        Step::Exec => Some((
            "the agent can't be executed inside a sandbox",
            "Check that octobot-agent was built for this machine, and that its file mode is 755",
        )),
        Step::Grab | Step::Place => Some((
            "a part of the host's file system can't be shown inside a sandbox",
            "Check that the path exists and that the server's user may read it",
        )),
        Step::Bookkeeping | Step::Folders | Step::Predecessor => Some((
            "the session's folder can't be used",
            "Check the owner of the server's data folder, and whether the disk is full",
        )),
        _ => None,
    }
}

fn errno(error: &SetupError) -> Option<Errno> {
    (error.errno != 0).then(|| Errno::from_raw_os_error(error.errno))
}

fn parse_release(release: &str) -> (u32, u32) {
    let mut numbers = release.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent() -> Host {
        Host { kernel: (6, 1), ..Host::default() }
    }

    fn remedy(step: Step, errno: Errno, host: &Host) -> String {
        let error = SetupError { step, subject: None, errno: errno.raw_os_error() };
        diagnose(&error, host).1
    }

    #[test]
    fn each_known_obstacle_has_its_own_remedy() {
        let debian = Host { unprivileged_clone: Some(0), ..recent() };
        assert!(remedy(Step::Namespaces, Errno::PERM, &debian).contains("kernel.unprivileged_userns_clone=1"));
        let ubuntu = Host { apparmor_restricts: Some(1), ..recent() };
        assert!(remedy(Step::Tmpfs, Errno::ACCESS, &ubuntu).contains("apparmor_restrict_unprivileged_userns=0"));
        let off = Host { max_user_namespaces: Some(0), ..recent() };
        assert!(remedy(Step::Namespaces, Errno::NOSPC, &off).contains("user.max_user_namespaces"));
        let container = Host { in_container: true, is_root: true, ..recent() };
        assert!(remedy(Step::Namespaces, Errno::PERM, &container).contains("seccomp=unconfined"));
        let old = Host { kernel: (4, 18), ..recent() };
        assert!(remedy(Step::Grab, Errno::NOSYS, &old).contains("later kernel"));
        assert!(remedy(Step::Exec, Errno::ACCESS, &recent()).contains("octobot-agent"));
    }

    #[test]
    fn a_setting_that_only_binds_ordinary_users_isnt_blamed_for_a_failure_of_root() {
        let host = Host { unprivileged_clone: Some(0), is_root: true, ..recent() };
        assert!(!remedy(Step::Namespaces, Errno::PERM, &host).contains("unprivileged_userns_clone"));
    }

    #[test]
    fn a_kernel_release_is_read_up_to_its_second_number() {
        assert_eq!(parse_release("6.18.44-fc-v595"), (6, 18));
        assert_eq!(parse_release("5.15-rc1"), (5, 15));
        assert_eq!(parse_release(""), (0, 0));
    }
}
