//! Which panels are shown. On a wide window they stand beside the page and their state is a preference; on a narrow one
//! they are pages of their own, and leaving is closing.

use leptos::prelude::*;
use octobot_wire::preferences::{Panel, Preferences};

use crate::browser::dom;
use crate::live::preferences::PreferenceKeeper;

/// A panel beside the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The tree of workspaces and sessions.
    Sidebar,
    /// A session's details.
    Details,
}

impl Side {
    /// As the style sheets and the document call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sidebar => "sidebar",
            Self::Details => "details",
        }
    }

    /// The widest window in which it is a page instead of standing beside one. The style sheets say the same.
    fn page_width_px(self) -> u16 {
        match self {
            Self::Sidebar => 760,
            Self::Details => 1_000,
        }
    }

    /// What its state in the preferences is.
    pub fn of(self, preferences: &Preferences) -> Panel {
        match self {
            Self::Sidebar => preferences.sidebar,
            Self::Details => preferences.details,
        }
    }

    /// The same, to change it.
    pub fn of_mut(self, preferences: &mut Preferences) -> &mut Panel {
        match self {
            Self::Sidebar => &mut preferences.sidebar,
            Self::Details => &mut preferences.details,
        }
    }
}

/// The layout of the frame. A context of everything inside it.
#[derive(Clone, Copy)]
pub struct Layout {
    /// The panel that is the page now, in a narrow window.
    pub page: RwSignal<Option<Side>>,
    keeper: PreferenceKeeper,
}

impl Layout {
    /// A layout whose preferences are kept by `keeper`.
    pub fn new(keeper: PreferenceKeeper) -> Self {
        Self { page: RwSignal::new(None), keeper }
    }

    /// The layout of the frame that this component stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Shows a panel, or puts it away.
    pub fn toggle(self, side: Side) {
        if dom::is_at_most_wide(side.page_width_px()) {
            self.page.update(|page| *page = if *page == Some(side) { None } else { Some(side) });
        } else {
            self.keeper.change(|preferences| {
                let panel = side.of_mut(preferences);
                panel.collapsed = !panel.collapsed;
            });
        }
    }
}
