//! Icons: strokes on a 24 by 24 grid, drawn in the colour of the text around them.

use leptos::prelude::*;

use crate::components::dynamic::dynamic;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is called what it shows")]
pub enum Glyph {
    Agent,
    Alert,
    ArrowDown,
    Bulb,
    Chat,
    Check,
    ChevronDown,
    ChevronRight,
    ChevronUp,
    Circle,
    Close,
    Columns,
    Copy,
    File,
    Folder,
    GitBranch,
    Globe,
    Info,
    Key,
    Menu,
    Minus,
    Monitor,
    Moon,
    More,
    Pencil,
    Play,
    Plus,
    Refresh,
    Search,
    Send,
    SidebarLeft,
    SidebarRight,
    Star,
    Stop,
    Sun,
    Terminal,
    Trash,
    Unlock,
    Wrench,
}

impl Glyph {
    /// The path to stroke.
    fn path(self) -> &'static str {
        match self {
            Self::Agent => {
                "M12 3v3M6 9h12a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2zM9 13v2M15 13v2"
            }
            Self::Alert => "M12 4 2.8 19.5h18.4zM12 10v4M12 17v.2",
            Self::ArrowDown => "M12 5v14M6 13l6 6 6-6",
            Self::Bulb => "M9 15.5a5.5 5.5 0 1 1 6 0V17H9zM10 20.5h4",
            Self::Chat => {
                "M5 5.5h14a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-7L7.5 20v-3.5H5A1.5 1.5 0 0 1 3.5 15V7A1.5 1.5 0 0 1 5 5.5z"
            }
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::ChevronDown => "m7 10 5 5 5-5",
            Self::ChevronRight => "m10 7 5 5-5 5",
            Self::ChevronUp => "m7 14 5-5 5 5",
            Self::Circle => "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
            Self::Close => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Columns => {
                "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 5 5zM12 5v14"
            }
            Self::Copy => {
                "M10 9h8a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 18 20h-8a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 10 9zM5.5 15.5A1.5 1.5 0 0 1 4.5 14V5.5A1.5 1.5 0 0 1 6 4h8a1.5 1.5 0 0 1 1.5 1"
            }
            Self::File => "M13.5 4H7v16h10.5V8zM13.5 4v4h4",
            Self::Folder => {
                "M3.5 7A2 2 0 0 1 5.5 5h3.7l2.3 2.5h7A2 2 0 0 1 20.5 9.5v7.5a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z"
            }
            Self::GitBranch => {
                "M7 8.5v7M7 8.5a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5zM7 20a2.25 2.25 0 1 0 0-4.5A2.25 2.25 0 0 0 7 20zM17 9.5A2.25 2.25 0 1 0 17 5a2.25 2.25 0 0 0 0 4.5zM17 9.5c0 4-5 3.5-9 5.5"
            }
            Self::Globe => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c-5 5-5 11 0 16 5-5 5-11 0-16",
            Self::Info => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.2",
            Self::Key => "M8.5 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11.5 12.5 19 5M15.5 8.5l2.5 2.5",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::Minus => "M5.5 12h13",
            Self::Monitor => {
                "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5zM9 20h6M12 16v4"
            }
            Self::Moon => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
            Self::More => {
                "M5.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0zM11.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0zM17.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0z"
            }
            Self::Pencil => "m5 19 .8-3.8L15.5 5.5a2 2 0 0 1 3 3L8.8 18.2z",
            Self::Play => "M8 5.5v13l10.5-6.5z",
            Self::Plus => "M12 5.5v13M5.5 12h13",
            Self::Refresh => "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
            Self::Search => "M10.5 5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM14.5 14.5 20 20",
            Self::Send => "M12 19V5M6 11l6-6 6 6",
            Self::SidebarLeft => {
                "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 5 5zM9.5 5v14"
            }
            Self::SidebarRight => {
                "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 5 5zM14.5 5v14"
            }
            Self::Star => "m12 4 2.4 5.2 5.6.7-4.1 3.9 1 5.7-4.9-2.8-4.9 2.8 1-5.7L4 9.9l5.6-.7z",
            Self::Stop => {
                "M7.5 6h9A1.5 1.5 0 0 1 18 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 6 16.5v-9A1.5 1.5 0 0 1 7.5 6z"
            }
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Terminal => "m5 8 4 4-4 4M12 17h7",
            Self::Trash => {
                "M4.5 7h15M9.5 7V5A1 1 0 0 1 10.5 4h3a1 1 0 0 1 1 1v2M6.5 7l.8 11.6A1.5 1.5 0 0 0 8.8 20h6.4a1.5 1.5 0 0 0 1.5-1.4L17.5 7"
            }
            Self::Unlock => {
                "M6.5 11h11A1.5 1.5 0 0 1 19 12.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11zM8 11V8a4 4 0 0 1 7.7-1.5"
            }
            Self::Wrench => {
                "M19.5 8.5a4.5 4.5 0 0 1-6 4.2L7 19.2a1.6 1.6 0 0 1-2.2-2.2l6.5-6.5a4.5 4.5 0 0 1 5.7-5.7L14.3 7.5l2.2 2.2 2.7-2.7c.2.5.3 1 .3 1.5z"
            }
        }
    }
}

/// An icon. It says nothing to screen readers: the text or label beside it does.
#[component]
pub fn Icon(
    /// Which.
    #[prop(into)]
    glyph: Signal<Glyph>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=dynamic(move || glyph.get().path())/>
        </svg>
    }
}
