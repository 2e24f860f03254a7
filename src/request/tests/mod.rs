//! One claim a test; the pitfalls and CVEs they stand for are in their names.

mod target;
mod wire;

use http::Version;

use crate::language::Language;
use crate::listener::Protocol;

use super::Request;
use super::refused::{Ambiguous, AuthorityRule, FramingRule, HeaderRule, TargetRule};
use super::sample::{HOST, over, parts, request};

const TARGET: &str = "/dan-cu/cong-dan/099190000001";

fn get(headers: &[(&str, &str)]) -> Result<Request, Ambiguous> {
    request("GET", TARGET, headers)
}

fn post(headers: &[(&str, &str)]) -> Result<Request, Ambiguous> {
    request("POST", TARGET, headers)
}

fn refusal(read: Result<Request, Ambiguous>) -> Ambiguous {
    read.expect_err("refused")
}

fn forwarded(request: &Request) -> Vec<&str> {
    request.forwarded().iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_request_is_read_into_its_parts() {
    let request = request(
        "POST",
        "/dan-cu/cong-dan/tra-cuu?phienBan=2",
        &[
            ("exchange-purpose", "giai-quyet-tthc"),
            ("exchange-case", "H31.01.01-260101-0007"),
            ("exchange-user", "an.nguyen@hungyen.example"),
            ("exchange-fields", r#""/CongDan/HoVaTen", "/a~1b""#),
            ("idempotency-key", "0199a1c2"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("content-type", "application/json"),
            ("content-length", "18"),
            ("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
            ("accept-language", "en"),
            ("accept-signature", r#"phohien=("@status");tag="phohien/1""#),
            ("te", "trailers"),
        ],
    )
    .unwrap();
    assert_eq!((request.service(), request.rest()), ("dan-cu", "/cong-dan/tra-cuu"));
    assert_eq!(request.segments(), ["cong-dan", "tra-cuu"]);
    assert_eq!(request.path(), "/dan-cu/cong-dan/tra-cuu");
    assert_eq!(request.raw_query(), Some("phienBan=2"));
    assert_eq!(request.query(), [("phienBan".to_owned(), "2".to_owned())]);
    assert_eq!(request.authority(), HOST);
    assert_eq!(request.purpose(), Some("giai-quyet-tthc"));
    assert_eq!(request.case(), Some("H31.01.01-260101-0007"));
    assert_eq!(request.user(), Some("an.nguyen@hungyen.example"));
    assert_eq!(request.fields().unwrap(), ["/CongDan/HoVaTen", "/a~1b"]);
    assert_eq!(request.content_length(), Some(18));
    assert_eq!(request.language(), Language::En);
    assert!(request.traceparent().is_some() && request.idempotency_key().is_some());
    assert!(request.has_body() && request.wants_signature() && request.takes_trailers());
    assert_eq!(forwarded(&request), ["accept-language", "content-type", "idempotency-key"]);
}

#[test]
fn a_bare_request_has_nothing_that_was_not_stated() {
    let request = get(&[]).unwrap();
    assert_eq!((request.purpose(), request.case(), request.user()), (None, None, None));
    assert!(request.fields().is_none() && request.forwarded().is_empty() && request.raw_query().is_none());
    assert!(!request.has_body() && !request.wants_signature() && !request.takes_trailers());
    let root = super::sample::request("GET", "/", &[]).unwrap();
    assert_eq!((root.service(), root.rest(), root.path()), ("", "", "/"));
}

#[test]
fn only_seven_methods_are_let_through() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert!(request(method, TARGET, &[]).is_ok(), "{method}");
    }
    for method in ["TRACE", "CONNECT", "get", "PRI", "PROPFIND", "QUERY", "M-SEARCH"] {
        assert_eq!(refusal(request(method, TARGET, &[])), Ambiguous::Method, "{method}");
    }
}

#[test]
fn another_version_than_alpn_agreed_on_is_refused() {
    let mut head = parts("GET", TARGET, &[("host", HOST)]);
    for (protocol, version) in [
        (Protocol::Http1, Version::HTTP_09),
        (Protocol::Http1, Version::HTTP_10),
        (Protocol::Http1, Version::HTTP_2),
        (Protocol::Http2, Version::HTTP_11),
        (Protocol::Http2, Version::HTTP_3),
    ] {
        head.version = version;
        assert_eq!(refusal(over(protocol, None, &head)), Ambiguous::Version, "{protocol:?} {version:?}");
    }
}

#[test]
fn an_absolute_target_is_refused_over_http_1_cve_2026_26205() {
    let head = parts("GET", &format!("https://{HOST}{TARGET}"), &[("host", HOST)]);
    let refused = refusal(over(Protocol::Http1, None, &head));
    assert_eq!(refused, Ambiguous::Target(TargetRule::Form));
}

#[test]
fn a_scheme_other_than_https_is_refused_over_http_2_cve_2023_35944() {
    let read = |scheme: &str| {
        let mut head = parts("GET", &format!("{scheme}://{HOST}{TARGET}"), &[]);
        head.version = Version::HTTP_2;
        over(Protocol::Http2, Some(HOST), &head)
    };
    assert_eq!(read("https").unwrap().path(), TARGET);
    assert_eq!(read("hTTpS").unwrap().path(), TARGET);
    for scheme in ["http", "hTTp", "ftp"] {
        assert_eq!(refusal(read(scheme)), Ambiguous::Target(TargetRule::Form), "{scheme}");
    }
}

#[test]
fn exactly_one_authority_of_ours_is_needed() {
    let read = |headers: &[(&str, &str)]| over(Protocol::Http1, None, &parts("GET", TARGET, headers));
    assert_eq!(read(&[("host", "GW1.HungYen.example:443")]).unwrap().authority(), HOST);
    assert_eq!(
        read(&[("host", "gw1.hungyen.example:8443")]).unwrap().authority(),
        "gw1.hungyen.example:8443"
    );
    assert_eq!(read(&[("host", "10.1.2.3:8443")]).unwrap().authority(), "10.1.2.3:8443");
    assert_eq!(refusal(read(&[])), Ambiguous::HeaderMissing("host"));
    assert_eq!(refusal(read(&[("host", HOST), ("host", HOST)])).code(), "header-repeated");
    for (host, rule) in [
        ("gw2.hungyen.example", AuthorityRule::Known),
        ("10.1.2.3", AuthorityRule::Known),
        ("10.1.2.3:443", AuthorityRule::Known),
        ("gw1.hungyen.example.", AuthorityRule::Form),
        ("user@gw1.hungyen.example", AuthorityRule::Form),
        ("gw1.hungyen.example, gw1.hungyen.example", AuthorityRule::Form),
        ("gw1.hungyen.example:", AuthorityRule::Form),
        ("gw1.hungyen.éxample", AuthorityRule::Form),
        ("", AuthorityRule::Form),
    ] {
        let refused = refusal(read(&[("host", host)]));
        assert_eq!((refused.code(), &refused), ("authority", &Ambiguous::Authority(rule)), "{host}");
    }
}

#[test]
fn host_and_authority_that_differ_are_refused_over_http_2() {
    let read = |headers: &[(&str, &str)]| {
        let mut head = parts("GET", &format!("https://{HOST}{TARGET}"), headers);
        head.version = Version::HTTP_2;
        over(Protocol::Http2, None, &head)
    };
    assert!(read(&[]).is_ok());
    assert!(read(&[("host", "GW1.hungyen.example:443")]).is_ok());
    let refused = refusal(read(&[("host", "10.1.2.3:8443")]));
    assert_eq!(refused, Ambiguous::Authority(AuthorityRule::Agreement));
}

#[test]
fn a_server_name_that_is_not_the_authority_is_refused_domain_fronting() {
    let read = |host: &str, server_name| {
        over(Protocol::Http1, server_name, &parts("GET", TARGET, &[("host", host)]))
    };
    assert!(read(HOST, None).is_ok());
    assert!(read(HOST, Some(HOST)).is_ok());
    let fronted = Ambiguous::Authority(AuthorityRule::ServerName);
    assert_eq!(refusal(read("10.1.2.3:8443", Some(HOST))), fronted);
    assert_eq!(refusal(read(HOST, Some("gw1.hungyen.example."))), fronted);
    assert_eq!(refusal(read(HOST, Some(""))), fronted);
}

#[test]
fn transfer_encoding_is_exactly_chunked_or_nothing() {
    assert!(post(&[("transfer-encoding", "chunked")]).unwrap().has_body());
    assert!(post(&[("transfer-encoding", "Chunked")]).unwrap().has_body());
    for coding in ["gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1"] {
        let refused = refusal(post(&[("transfer-encoding", coding)]));
        assert_eq!(refused, Ambiguous::Framing(FramingRule::Chunked), "{coding}");
    }
    for coding in ["", " chunked", "chunked\t", "chunked "] {
        assert!(post(&[("transfer-encoding", coding)]).is_err(), "{coding:?}");
    }
    let twice = refusal(post(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]));
    assert_eq!(twice.code(), "header-repeated");
}

#[test]
fn a_length_beside_transfer_encoding_is_refused() {
    let both = refusal(post(&[("content-length", "5"), ("transfer-encoding", "chunked")]));
    assert_eq!(both, Ambiguous::Framing(FramingRule::Both));
}

#[test]
fn a_length_is_one_plain_number_cve_2023_40225_and_cve_2021_40346() {
    assert_eq!(post(&[("content-length", "0")]).unwrap().content_length(), Some(0));
    assert_eq!(post(&[("content-length", "18446744073709551615")]).unwrap().content_length(), Some(u64::MAX));
    for length in
        ["", "+5", "-1", "05", "5, 5", "5 ", "0x5", "5.0", "18446744073709551616", "99999999999999999999999"]
    {
        assert_eq!(refusal(post(&[("content-length", length)])).code(), "ambiguous-request", "{length}");
    }
    let twice = refusal(post(&[("content-length", "5"), ("content-length", "5")]));
    assert_eq!(twice.to_string(), "the header `content-length` must occur once only");
}

#[test]
fn get_and_head_bring_no_body() {
    for method in ["GET", "HEAD"] {
        assert!(request(method, TARGET, &[("content-length", "0")]).is_ok());
        for framing in [("content-length", "1"), ("transfer-encoding", "chunked")] {
            let refused = refusal(request(method, TARGET, &[framing]));
            assert_eq!(refused, Ambiguous::Framing(FramingRule::NoBody), "{method} {framing:?}");
        }
    }
}

#[test]
fn over_http_2_a_body_may_come_unannounced() {
    let read = |method: &str, headers: &[(&str, &str)]| {
        let mut head = parts(method, &format!("https://{HOST}{TARGET}"), headers);
        head.version = Version::HTTP_2;
        over(Protocol::Http2, None, &head)
    };
    assert!(read("POST", &[]).unwrap().has_body());
    assert!(!read("POST", &[("content-length", "0")]).unwrap().has_body());
    assert!(!read("GET", &[]).unwrap().has_body());
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        let refused = refusal(read("POST", &[(name, "chunked")]));
        assert_eq!(refused, Ambiguous::Framing(FramingRule::Http2), "{name}");
    }
}

#[test]
fn an_upgrade_is_refused_cve_2024_23326_and_cve_2026_2833() {
    for headers in [
        &[("upgrade", "websocket"), ("connection", "upgrade")][..],
        &[("upgrade", "h2c"), ("connection", "Upgrade, HTTP2-Settings"), ("http2-settings", "AAMAAABk")],
        &[("upgrade", "TLS/1.0")],
        &[("connection", "keep-alive, Upgrade")],
        &[("connection", "keep-alive"), ("connection", "upgrade")],
        &[("http2-settings", "AAMAAABk")],
    ] {
        assert_eq!(refusal(get(headers)), Ambiguous::Upgrade, "{headers:?}");
    }
}

#[test]
fn only_100_continue_is_expected_and_it_is_not_passed_on() {
    let request = post(&[("expect", "100-Continue"), ("content-length", "5")]).unwrap();
    assert!(request.forwarded().is_empty());
    let refused = refusal(post(&[("expect", "200-ok")]));
    assert_eq!(refused, Ambiguous::Header("expect", HeaderRule::Form));
}

#[test]
fn a_header_that_must_be_single_and_is_not_is_refused_and_named_cve_2020_25017_cve_2021_32777_cve_2026_26308()
{
    for name in [
        "content-type",
        "content-encoding",
        "content-digest",
        "exchange-purpose",
        "exchange-case",
        "exchange-user",
        "exchange-fields",
        "exchange-anything-at-all",
        "authorization",
        "accept-signature",
        "accept-language",
        "idempotency-key",
        "signature",
        "signature-input",
        "expect",
    ] {
        for second in ["a", "b"] {
            let refused = refusal(post(&[(name, "a"), (name, second)]));
            assert!(matches!(refused, Ambiguous::HeaderRepeated(_)), "{name}");
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }
}

#[test]
fn control_characters_and_obs_text_in_what_we_read_are_refused_cve_2019_9900_and_cve_2023_27488() {
    for name in [
        "exchange-purpose",
        "exchange-case",
        "exchange-user",
        "exchange-fields",
        "idempotency-key",
        "content-type",
    ] {
        for value in ["a\tb", "á", "", " ", "a ", " a", "a  b"] {
            let refused = refusal(post(&[(name, value)]));
            assert_eq!(refused, Ambiguous::Header(leak(name), HeaderRule::Visible), "{name}: {value:?}");
        }
    }
    assert!(http::HeaderValue::from_bytes(b"a\0b").is_err());
}

fn leak(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

#[test]
fn what_names_a_case_or_a_person_is_plain_and_short() {
    assert_eq!(get(&[("exchange-case", "so 12/2026")]).unwrap().case(), Some("so 12/2026"));
    for name in ["exchange-case", "exchange-user"] {
        assert_eq!(refusal(get(&[(name, "a%20b")])).code(), "ambiguous-request");
        assert!(get(&[(name, &"x".repeat(128))]).is_ok());
        let refused = refusal(get(&[(name, &"x".repeat(129))]));
        assert_eq!(refused, Ambiguous::Header(leak(name), HeaderRule::Length(128)));
    }
    assert!(get(&[("exchange-purpose", &"x".repeat(65))]).is_err());
}

#[test]
fn fields_are_a_list_of_json_pointers_and_not_too_many() {
    let read = |value: &str| get(&[("exchange-fields", value)]);
    assert_eq!(read(r#""/a\"b""#).unwrap().fields().unwrap(), [r#"/a"b"#]);
    for (value, rule) in [
        (r#""CongDan""#, HeaderRule::Pointer),
        (r#""/a~2""#, HeaderRule::Pointer),
        ("/a, /b", HeaderRule::Form),
        (r#"("/a")"#, HeaderRule::Form),
        (r#""/a";q=1"#, HeaderRule::Form),
        (r#""/a","#, HeaderRule::Form),
        (":AAAA:", HeaderRule::Form),
    ] {
        assert_eq!(refusal(read(value)), Ambiguous::Header("exchange-fields", rule), "{value}");
    }
    let many = |count: usize| vec![r#""/a""#; count].join(", ");
    assert_eq!(read(&many(256)).unwrap().fields().unwrap().len(), 256);
    assert_eq!(refusal(read(&many(257))), Ambiguous::Header("exchange-fields", HeaderRule::Count(256)));
}

#[test]
fn ranges_and_guarded_effects_are_refused_and_other_conditions_left_out() {
    for name in ["range", "if-range", "content-range"] {
        assert_eq!(refusal(get(&[(name, "bytes=0-1")])), Ambiguous::Range, "{name}");
    }
    for name in ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] {
        assert!(get(&[(name, "\"x\"")]).unwrap().forwarded().is_empty(), "{name}");
        assert_eq!(refusal(post(&[(name, "\"x\"")])), Ambiguous::Precondition, "{name}");
    }
}

#[test]
fn a_compressed_body_is_refused() {
    assert!(post(&[("content-encoding", "identity")]).is_ok());
    let refused = refusal(post(&[("content-encoding", "gzip")]));
    assert_eq!(refused, Ambiguous::Header("content-encoding", HeaderRule::Form));
}

#[test]
fn a_damaged_or_repeated_traceparent_is_dropped_and_refuses_nobody() {
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(get(&[("traceparent", good)]).unwrap().traceparent(), Some(good));
    assert_eq!(get(&[("traceparent", good), ("traceparent", good)]).unwrap().traceparent(), None);
    assert_eq!(get(&[("traceparent", "00-x")]).unwrap().traceparent(), None);
    assert_eq!(get(&[("traceparent", "á")]).unwrap().traceparent(), None);
}

#[test]
fn trailers_are_taken_only_by_who_says_so() {
    assert!(get(&[("te", "Trailers")]).unwrap().takes_trailers());
    assert!(get(&[("te", "trailers"), ("te", "x")]).unwrap().takes_trailers());
    assert!(!get(&[("te", "xtrailers")]).unwrap().takes_trailers());
    for unreadable in ["gzip;q=0.5", "á"] {
        assert!(get(&[("te", unreadable)]).is_err(), "{unreadable}");
    }
}

#[test]
fn a_wish_for_a_signature_must_be_readable() {
    assert!(get(&[("accept-signature", r#"sig1=("@status")"#)]).unwrap().wants_signature());
    for unreadable in ["sig1", "sig1=(", "sig1=1", ""] {
        assert_eq!(
            refusal(get(&[("accept-signature", unreadable)])).code(),
            "ambiguous-request",
            "{unreadable}"
        );
    }
}

#[test]
fn headers_that_we_or_a_front_vouch_for_never_pass_cve_2023_27487_cve_2024_45806_cve_2026_35051() {
    let hostile = [
        ("forwarded", "for=1.2.3.4"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-prefix", "/a"),
        ("x_forwarded_for", "1.2.3.4"),
        ("x-real-ip", "1.2.3.4"),
        ("client-cert", ":AAAA:"),
        ("client-cert-chain", ":AAAA:"),
        ("exchange-consumer", "H99"),
        ("exchange_consumer", "H99"),
        ("exchange-agreement", "TT-2026-999"),
        ("exchange-id", "0199a1c2"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/ho-tich"),
        ("x-rewrite-url", "/ho-tich"),
        ("authorization", "Bearer x"),
        ("cookie", "a=b"),
        ("user-agent", "x"),
        ("keep-alive", "timeout=5"),
        ("proxy-authorization", "x"),
        ("tracestate", "a=b"),
        ("x-anything", "x"),
    ];
    assert!(get(&hostile).unwrap().forwarded().is_empty());
}

#[test]
fn what_any_connection_line_names_stays_here_cve_2022_31813_and_cve_2024_45410() {
    let request = post(&[
        ("content-type", "application/json"),
        ("accept-language", "vi"),
        ("idempotency-key", "k"),
        ("exchange-case", "0007"),
        ("connection", "keep-alive, Idempotency-Key"),
        ("connection", "close,, accept-LANGUAGE, exchange-case, exchange-consumer"),
    ])
    .unwrap();
    assert_eq!(forwarded(&request), ["content-type"]);
    assert_eq!(request.case(), Some("0007"), "what we read is ours to read, whatever the line says");
}

#[test]
fn an_unreadable_connection_line_is_refused() {
    for line in ["á", "a b", "close; x", "\"close\"", "a/b", "(x)"] {
        let refused = refusal(get(&[("connection", "keep-alive"), ("connection", line)]));
        assert_eq!(refused, Ambiguous::Header("connection", HeaderRule::Form), "{line}");
    }
}

#[test]
fn no_refusal_repeats_what_the_caller_sent() {
    let marker = "k3y0";
    for read in [
        request("GET", &format!("/{marker};"), &[]),
        get(&[("exchange-case", &format!("{marker}\t"))]),
        get(&[("exchange-fields", marker)]),
        get(&[("expect", marker)]),
        over(Protocol::Http1, None, &parts("GET", TARGET, &[("host", marker)])),
    ] {
        let refused = refusal(read);
        let said = format!("{refused} {:?} {:?} {refused:?}", refused.text(), refused.title());
        assert!(!said.contains(marker), "{said}");
    }
}

#[test]
fn a_refused_caller_is_answered_in_its_language() {
    let head = parts("GET", TARGET, &[("accept-language", "en")]);
    assert_eq!(super::language_of(&head.headers), Language::En);
    assert_eq!(super::language_of(&parts("GET", TARGET, &[]).headers), Language::Vi);
}
