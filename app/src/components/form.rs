//! Small parts that know nothing of the product: buttons, fields, dialogs, menus, icons.

pub mod badge;
pub mod confirm;
pub mod copy_button;
pub mod dialog;
pub mod field;
pub mod fold;
pub mod icon;
pub mod icon_button;
pub mod inline_edit;
pub mod late_menu;
pub mod menu;
pub mod notice;
pub mod problem;
pub mod since;
pub mod spinner;
pub mod text_field;
pub mod value_lines;
