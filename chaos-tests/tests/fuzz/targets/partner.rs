//! What other services and mail servers say.

/// Pieces of NENA-STA-024.
pub(crate) const CONVEYANCE: &[&str] = &[
    "{\"subscribe\":{",
    "{\"unsubscribe\":{",
    "{\"eventResponse\":{",
    "{\"event\":{",
    "{\"terminate\":{",
    "\"requestId\":\"1\"",
    "\"requestType\":\"EIDO\"",
    "\"requestSubType\":\"new\"",
    "\"subscriptionId\":\"fuzz-1\"",
    "\"transactionId\":\"t\"",
    "\"statusCode\":200",
    "\"statusText\":\"OK\"",
    "\"minRate\":20",
    "\"maxRate\":18446744073709551615",
    "\"expires\":0",
    "null",
    "}}",
];

/// Pieces of RFC 5321.
pub(crate) const REPLY: &[&str] =
    &["220 ", "250-", "250 ", "354 ", "550 5.1.1 ", "\r\n", "STARTTLS", "AUTH PLAIN LOGIN"];

pub(crate) fn conveyances() -> Vec<Vec<u8>> {
    let messages = [
        r#"{"subscribe":{"requestId":"1","requestType":"EIDO","requestSubType":"new","minRate":20,"expires":600}}"#,
        r#"{"subscribe":{"requestId":"2","requestType":"eido","subscriptionId":null}}"#,
        r#"{"subscribe":{"requestId":"3","requestType":"EIDO","qualFilter":"x"}}"#,
        r#"{"unsubscribe":{"requestId":"4","subscriptionId":"fuzz-1"}}"#,
        r#"{"eventResponse":{"transactionId":"t","statusCode":503,"statusText":"later"}}"#,
        r#"{"event":{"subscriptionId":"a","transactionId":"t","notification":[{"$id":"x"}]}}"#,
        r#"{"terminate":{"requestId":"5","subscriptionId":"a"}}"#,
    ];
    messages.map(|message| message.as_bytes().to_vec()).to_vec()
}

pub(crate) fn replies() -> Vec<Vec<u8>> {
    let replies = [
        "220 mx.example ESMTP\r\n",
        "250-mx.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
        "550 5.1.1 no\r\n",
        "354\r\n",
    ];
    replies.map(|reply| reply.as_bytes().to_vec()).to_vec()
}
