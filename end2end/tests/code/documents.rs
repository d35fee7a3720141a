//! Documents that the browser shows by itself: only in a frame, and without anything of the page's.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, make_repository};
use octobot_end2end::page::{complains_only_of, hydrated, looks_right, see};
use octobot_end2end::{Stage, play};

/// A page of a PDF with two words on it.
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                   3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n\
                   4 0 obj<</Length 48>>stream\nBT /F1 24 Tf 50 100 Td (Plainly shown) Tj ET\nendstream endobj\n\
                   5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n";

/// What a page of this server's must never run.
const SCRIPT: &str = "<!doctype html><script>localStorage.setItem('stolen', document.domain)</script>";

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_is_shown_and_what_only_calls_itself_one_does_nothing() {
    play("pdf", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("plain.pdf"), PDF)?;
        std::fs::write(folder.path().join("page.pdf"), SCRIPT)?;
        std::fs::write(folder.path().join("both.pdf"), format!("%PDF-1.4\n{SCRIPT}"))?;
        make_repository(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.session_state(&session, "ready").await?;

        let content = format!("/api/projects/local/sessions/{session}/files/content?path=");
        for (name, media_type, disposition) in [
            ("plain.pdf", "application/pdf", "inline"),
            ("both.pdf", "application/pdf", "inline"),
            ("page.pdf", "application/octet-stream", "attachment; filename*=UTF-8''page.pdf"),
        ] {
            let answer = api.fetch(&format!("{content}{name}")).await?.error_for_status()?;
            let header =
                |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            ensure!((header("content-type"), header("content-disposition")) == (media_type, disposition), "{name}");
            ensure!(header("x-content-type-options") == "nosniff", "{name}");
            let policy = header("content-security-policy");
            ensure!(policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"), "{name}: {policy}");
        }

        stage.open(&format!("/projects/local/sessions/{session}?file=plain.pdf")).await?;
        hydrated(stage).await?;
        let frame = see(stage, "//iframe[@title='plain.pdf, a PDF']").await?;
        frame_is_loaded(stage).await?;
        let link = see(stage, "//a[text()='Open it in a tab of its own']").await?;
        ensure!(link.attr("href").await? == frame.attr("src").await?);
        looks_right(stage, "pdf", 844).await?;

        // Whatever the browser makes of it, in a frame or alone, has no origin and runs no script.
        stage.open(&format!("/projects/local/sessions/{session}?file=both.pdf")).await?;
        hydrated(stage).await?;
        see(stage, "//iframe[@title='both.pdf, a PDF']").await?;
        frame_is_loaded(stage).await?;
        stage.open(&format!("{content}both.pdf")).await?;
        stage.open(&format!("/projects/local/sessions/{session}?file=page.pdf")).await?;
        hydrated(stage).await?;
        see(stage, "//*[contains(@class,'code__row')][contains(., 'localStorage')]").await?;
        let stolen = stage.browser.driver().execute("return localStorage.getItem('stolen')", vec![]).await?;
        ensure!(stolen.json().is_null(), "a script of a file has run: {}", stolen.json());
        // A document that is alone in its tab has no icon, so the browser looks for one.
        complains_only_of(stage, &["favicon.ico"]).await
    })
    .await;
}

/// Waits until the frame has its document, which the browser's own viewer shows.
async fn frame_is_loaded(stage: &Stage) -> Result<()> {
    let script = "const done = arguments[arguments.length - 1]; const look = () =>\
                  performance.getEntriesByType('resource').some(entry => entry.initiatorType === 'iframe' && entry.responseEnd > 0)\
                  ? done() : requestAnimationFrame(look); look();";
    stage.browser.driver().execute_async(script, vec![]).await.map(drop).context("the frame stays empty")
}
