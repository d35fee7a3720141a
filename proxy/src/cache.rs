//! What never changes, kept by its digest.
