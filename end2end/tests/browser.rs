//! What a person sees in a browser.

use anyhow::{Result, ensure};
use octobot_end2end::{Stage, play};

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_answers() {
    play("the front page answers", async |stage: &mut Stage| -> Result<()> {
        stage.open("/").await?;
        let title = stage.browser.driver().title().await?;
        ensure!(title.contains("Octobot"), "the title is {title:?}");
        Ok(())
    })
    .await;
}
