//! Who may be reached from sandboxes: the policy's editor.

pub mod added;
pub mod allowed;
pub mod check;
pub mod denied;
pub mod effective;
pub mod policy;
pub mod presets;
pub mod scope;
pub mod undo;
