//! What a file's first bytes say about the document in it.

/// Whether it is a PDF. Readers take some that begin otherwise; those are downloaded, as they may be something else as well.
pub fn is_pdf(data: &[u8]) -> bool {
    data.starts_with(b"%PDF-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_begins_as_one_whatever_it_is_called() {
        assert!(is_pdf(b"%PDF-1.7\n"));
        for other in [b"".as_slice(), b"%PDF", b" %PDF-1.7", b"<script>%PDF-1.7"] {
            assert!(!is_pdf(other), "{other:?}");
        }
    }
}
