//! How calls travel: as JSON, read the way in which resources and events are read.
//!
//! Every way of reading JSON is another copy of the code that reads each type, and every call another copy of what stands
//! in the way of all of them. Reading text everywhere, and sending for all calls in one place, keeps the WASM small.

use std::pin::Pin;

use http::Method;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Post;
use leptos::server_fn::error::{FromServerFnError as _, ServerFnErrorErr};
use leptos::server_fn::request::ClientReq as _;
use leptos::server_fn::response::ClientRes as _;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error};

use super::Failure;

/// JSON in the body of a `POST` request, and in its answer.
pub struct PostJson;

/// The same, in the way of all server functions.
type InGeneral = Http<Post<TextJson>, Post<TextJson>>;

/// What comes back from the server, once it does.
type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Failure>> + Send + 'a>>;

impl<I, O, C, S> Protocol<I, O, C, S, Failure> for PostJson
where
    I: Serialize + DeserializeOwned + Send,
    O: Serialize + DeserializeOwned + Send,
    C: Client<Failure>,
    S: Server<Failure>,
{
    const METHOD: Method = Method::POST;

    fn run_server<F, A>(request: S::Request, call: F) -> impl Future<Output = Result<S::Response, Failure>> + Send
    where
        F: Fn(I) -> A + Send,
        A: Future<Output = Result<O, Failure>> + Send,
    {
        <InGeneral as Protocol<I, O, C, S, Failure>>::run_server(request, call)
    }

    async fn run_client(path: &str, input: I) -> Result<O, Failure> {
        let body = TextJson::encode(&input).map_err(|error| ServerFnErrorErr::Serialization(error.to_string()));
        let answer = exchange::<C>(path, body.map_err(Failure::from_server_fn_error)?).await?;
        TextJson::decode(answer)
            .map_err(|error| Failure::from_server_fn_error(ServerFnErrorErr::Deserialization(error.to_string())))
    }
}

/// Sends a request's body, and returns that of its answer.
fn exchange<C: Client<Failure>>(path: &str, body: Bytes) -> Exchange<'_> {
    Box::pin(async move {
        let json = TextJson::CONTENT_TYPE;
        let answer = C::send(C::Request::try_new_post_bytes(path, json, json, body)?).await?;
        let is_failure = (400..=599).contains(&answer.status());
        let body = answer.try_into_bytes().await?;
        if is_failure { Err(Failure::de(body)) } else { Ok(body) }
    })
}

/// JSON.
pub struct TextJson;

impl ContentType for TextJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextJson {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        let text = std::str::from_utf8(&bytes).map_err(serde_json::Error::custom)?;
        serde_json::from_str(text)
    }
}
