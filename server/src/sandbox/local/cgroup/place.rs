//! Finds the groups in which this process may make others. Reads `/proc/self`, changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// A version of the control groups' file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// One hierarchy for each controller.
    V1,
    /// One hierarchy for all.
    V2,
}

/// The hierarchies that are mounted, and where this process is in each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<Place>);

#[derive(Debug, PartialEq, Eq)]
struct Place {
    version: Version,
    /// The controllers of a version 1 hierarchy.
    controllers: Vec<String>,
    /// Where the hierarchy is mounted.
    top: PathBuf,
    /// The folder of the group that this process is in.
    own: PathBuf,
}

impl Places {
    /// Those of this process. A host that hides them has none.
    pub fn of_this_process() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"))
    }

    /// The group in which this process can make one that this controller bounds.
    pub fn parent_for(&self, controller: &str) -> Option<(Version, PathBuf)> {
        let of = |version| self.0.iter().filter(move |place| place.version == version);
        let v2 = of(Version::V2).find_map(|place| place.v2_parent(controller));
        let v1 = || {
            let mut places = of(Version::V1).filter(|place| place.controllers.iter().any(|c| c == controller));
            places.find_map(|place| is_writable(&place.own).then(|| place.own.clone()))
        };
        v2.map(|parent| (Version::V2, parent)).or_else(|| v1().map(|parent| (Version::V1, parent)))
    }

    fn parse(mountinfo: &str, cgroup: &str) -> Self {
        Self(mountinfo.lines().filter_map(|line| Place::parse(line, cgroup)).collect())
    }
}

impl Place {
    /// Reads a line of `mountinfo`; `None` where it isn't of a hierarchy that this process is in.
    fn parse(line: &str, cgroup: &str) -> Option<Self> {
        let (mount, kind) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, top) = (mount.next()?, PathBuf::from(mount.next()?));
        let kind: Vec<_> = kind.split(' ').collect();
        let version = match *kind.first()? {
            "cgroup" => Version::V1,
            "cgroup2" => Version::V2,
            _ => return None,
        };
        let options: Vec<_> = kind.last()?.split(',').collect();
        let (controllers, path) = cgroup.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let fits = match version {
                Version::V1 => !controllers.is_empty() && controllers.split(',').all(|c| options.contains(&c)),
                Version::V2 => controllers.is_empty(),
            };
            fits.then_some((controllers, path))
        })?;
        let beneath = Path::new(path).strip_prefix(root).ok()?;
        let controllers = controllers.split(',').map(str::to_owned).collect();
        Some(Self { version, controllers, own: top.join(beneath), top })
    }

    /// In version 2 a group with processes can't bound groups beneath it, so the parent's other children are looked at first: the
    /// new group becomes a sibling of this process's own, as it is in a tree that was delegated by systemd.
    fn v2_parent(&self, controller: &str) -> Option<PathBuf> {
        let parent = self.own.parent().filter(|parent| parent.starts_with(&self.top));
        let mut candidates = parent.into_iter().chain([self.own.as_path()]);
        let found = candidates.find(|group| {
            let enabled = fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
            enabled.split_ascii_whitespace().any(|c| c == controller)
                && is_writable(group)
                && is_writable(&group.join("cgroup.procs"))
        });
        found.map(Path::to_owned)
    }
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_hierarchies_are_found_by_their_controllers() {
        let mountinfo = "\
            35 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
            41 32 0:36 /docker/abc /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids\n\
            22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";
        let cgroup = "8:pids:/docker/abc/server\n4:cpu,cpuacct:/\n1:name=systemd:/\n";
        let Places(places) = Places::parse(mountinfo, cgroup);
        let owns: Vec<_> = places.iter().map(|place| place.own.to_str().unwrap().trim_end_matches('/')).collect();
        assert_eq!(owns, ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/pids/server"]);
        assert_eq!(places[0].controllers, ["cpu", "cpuacct"]);
    }

    #[test]
    fn a_version_2_group_is_made_beside_the_servers_own_where_the_parent_was_delegated() {
        let top = tempfile::tempdir().unwrap();
        let slice = top.path().join("user.slice");
        let own = slice.join("octobot.scope");
        fs::create_dir_all(&own).unwrap();
        for group in [top.path(), &slice, &own] {
            fs::write(group.join("cgroup.procs"), "").unwrap();
            fs::write(group.join("cgroup.subtree_control"), "").unwrap();
        }
        let mountinfo = format!("30 24 0:26 / {} rw - cgroup2 cgroup2 rw,nsdelegate\n", top.path().display());
        let places = Places::parse(&mountinfo, "0::/user.slice/octobot.scope\n");
        assert_eq!(places.parent_for("pids"), None, "nobody has enabled the controller");
        fs::write(slice.join("cgroup.subtree_control"), "memory pids\n").unwrap();
        assert_eq!(places.parent_for("pids"), Some((Version::V2, slice)));
        assert_eq!(places.parent_for("cpu"), None);
    }

    #[test]
    fn a_host_without_control_groups_has_no_places() {
        assert_eq!(Places::parse("", ""), Places::default());
    }
}
