//! The story, as data: who asks for what, and what must come of it.

/// One text in both languages: Vietnamese, English.
pub type Says = [&'static str; 2];

/// A scene: what it shows, and its steps in order.
#[derive(Debug)]
pub struct Scene {
    /// What it shows.
    pub title: Says,
    /// What happens.
    pub steps: &'static [Step],
}

/// One step of a scene.
#[derive(Debug)]
pub struct Step {
    /// What happens, in a sentence.
    pub says: Says,
    /// The deed itself.
    pub deed: Deed,
}

/// What is done, and what must come of it.
#[derive(Debug)]
pub enum Deed {
    /// A call that is answered, with exactly these parts of the platform's own answer removed.
    Released(Call, &'static [&'static str]),
    /// A call that is refused: status, reason, and what the refusal must name.
    Refused(Call, u16, &'static str, Says),
    /// A call that never gets a connection: TLS turns its certificate away, and the client knows why by this code.
    TurnedAway(Call, &'static str),
    /// So many calls pass at once, and then one is told to wait.
    Burst(Call, usize),
    /// The agency that the registry names for a code given up in a merger.
    Formerly(&'static str, &'static str),
    /// A platform stops.
    Stop(&'static str),
    /// It starts again.
    Restart(&'static str),
    /// The written answer to the last refusal for a field.
    Paper,
    /// Tightened policies judge the traffic so far.
    Replay,
    /// Who can reach what, agencies by services.
    Matrix,
    /// The log is rebuilt from its bytes, and agrees.
    Verify,
    /// In a copy of the log, one byte of the entry that recorded the first answer is changed, and verification names that entry.
    Edit,
}

/// One `phohien call`.
#[derive(Debug)]
pub struct Call {
    /// The certificate's file among the agencies', without its ending.
    pub certificate: &'static str,
    /// Path, from the service's name on.
    pub path: &'static str,
    /// The purpose stated.
    pub purpose: &'static str,
    /// The case-file number stated.
    pub case: Option<&'static str>,
    /// The fields asked for.
    pub fields: Option<&'static str>,
}

/// The land transfer that the one-stop centre handles.
const CASE: &str = "H31.01.01-261123-0007";

const CITIZEN: Call = Call {
    certificate: "H31.01.01",
    path: "/dan-cu/cong-dan/099190000001",
    purpose: "giai-quyet-tthc",
    case: Some(CASE),
    fields: None,
};

const PARCEL: Call =
    Call { path: "/dat-dai/thua-dat/99001/12/345", purpose: "chuyen-nhuong-qsdd", ..CITIZEN };

/// All parcels of a commune, for the land price table.
const COMMUNE: Call = Call {
    certificate: "H31.05",
    path: "/dat-dai/thua-dat/99001",
    purpose: "xay-dung-bang-gia-dat",
    case: None,
    fields: None,
};

const MARRIAGE: Call = Call {
    certificate: "H31.99.01",
    path: "/ho-tich/su-kien/099190000001",
    purpose: "xac-nhan-hon-nhan",
    case: Some("H31.99.01-261123-0012"),
    fields: None,
};

const CARD: Call = Call {
    certificate: "H31.06.11",
    path: "/an-sinh/the-bhyt/DN4999900000001",
    purpose: "kham-chua-benh-bhyt",
    case: Some("H31.06.11-261123-0451"),
    fields: None,
};

const MERIT: Call = Call {
    certificate: "H31.07",
    purpose: "chinh-sach-nguoi-co-cong",
    case: Some("H31.07-261123-0003"),
    ..CARD
};

/// What the agreement with the population platform leaves out.
const CITIZEN_REMOVED: &[&str] = &[
    "/CongDan/Cha",
    "/CongDan/ChuHo",
    "/CongDan/DanToc",
    "/CongDan/Me",
    "/CongDan/QueQuan",
    "/CongDan/QuocTich",
    "/CongDan/TinhTrangHonNhan",
    "/CongDan/TonGiao",
    "/CongDan/VoChong",
    "/_mau",
];

/// What the agreement with the land platform leaves out.
const PARCEL_REMOVED: &[&str] =
    &["/_mau", "/data/chuSuDung", "/data/hanChe/0/toChuc", "/data/hanChe/0/tuNgay"];

/// The story.
pub const STORY: &[Scene] = &[
    Scene {
        title: [
            "Hồ sơ chuyển nhượng quyền sử dụng đất: cho phép, lược bỏ trường dữ liệu ngoài thỏa thuận",
            "A land transfer case: allowed, and what is not agreed is removed",
        ],
        steps: &[
            Step {
                says: [
                    "Trung tâm Phục vụ hành chính công tra cứu công dân trong hồ sơ H31.01.01-261123-0007.",
                    "The one-stop centre looks up the citizen of case H31.01.01-261123-0007.",
                ],
                deed: Deed::Released(CITIZEN, CITIZEN_REMOVED),
            },
            Step {
                says: ["Cùng hồ sơ, tra cứu thửa đất.", "For the same case it looks up the parcel."],
                deed: Deed::Released(PARCEL, PARCEL_REMOVED),
            },
        ],
    },
    Scene {
        title: [
            "Trích xuất hàng loạt: câu trả lời chuyển theo dòng, vẫn lược bỏ và có biên nhận",
            "A bulk extract: streamed as it comes, cut and proven all the same",
        ],
        steps: &[Step {
            says: [
                "Sở Tài chính lấy các thửa đất của một xã để xây dựng bảng giá đất; người sử dụng đất không nằm trong thỏa thuận.",
                "The Department of Finance fetches a commune's parcels for the land price table; land users are not in its agreement.",
            ],
            deed: Deed::Released(COMMUNE, &["/0/data/chuSuDung", "/1/data/chuSuDung"]),
        }],
    },
    Scene {
        title: ["Thiếu mã hồ sơ: từ chối", "No case number: refused"],
        steps: &[Step {
            says: [
                "UBND phường Mẫu B hỏi sự kiện hộ tịch mà không nêu hồ sơ nào.",
                "Ward Mẫu B asks for a civil-status event and names no case.",
            ],
            deed: Deed::Refused(Call { case: None, ..MARRIAGE }, 400, "header-missing", ["Exchange-Case"; 2]),
        }],
    },
    Scene {
        title: [
            "Trường dữ liệu ngoài phạm vi: từ chối đích danh",
            "A field outside the scope: refused by name",
        ],
        steps: &[
            Step {
                says: ["Phường hỏi dân tộc của chồng.", "The ward asks for the husband's ethnicity."],
                deed: Deed::Refused(
                    Call { fields: Some("/suKien/*/benNam/danToc"), ..MARRIAGE },
                    403,
                    "field-not-granted",
                    ["Dân tộc bên nam", "husband's ethnicity"],
                ),
            },
            Step {
                says: [
                    "Trung tâm Phục vụ hành chính công hỏi tôn giáo của công dân.",
                    "The one-stop centre asks for the citizen's religion.",
                ],
                deed: Deed::Refused(
                    Call { fields: Some("/CongDan/TonGiao"), ..CITIZEN },
                    403,
                    "field-not-granted",
                    ["Tôn giáo", "religion"],
                ),
            },
        ],
    },
    Scene {
        title: [
            "Bệnh viện dồn yêu cầu: giới hạn, đơn vị khác không bị ảnh hưởng",
            "The hospital's burst: limited, others unaffected",
        ],
        steps: &[
            Step {
                says: [
                    "07:30 ở bệnh viện: kiểm tra hàng loạt thẻ bảo hiểm y tế.",
                    "Opening time at the hospital: health cards are checked in bulk.",
                ],
                deed: Deed::Burst(CARD, 50),
            },
            Step {
                says: [
                    "Cùng lúc, Trung tâm Phục vụ hành chính công vẫn được phục vụ.",
                    "Meanwhile the one-stop centre is served as before.",
                ],
                deed: Deed::Released(CITIZEN, CITIZEN_REMOVED),
            },
        ],
    },
    Scene {
        title: [
            "Thỏa thuận tạm dừng vì xác nhận an toàn thông tin quá hạn: từ chối",
            "An agreement on hold, its security confirmation lapsed: refused",
        ],
        steps: &[Step {
            says: [
                "Sở Nội vụ tra cứu; xác nhận an toàn thông tin của thỏa thuận TT-2026-006 đã quá hạn.",
                "The Department of Home Affairs asks; the security confirmation of its agreement TT-2026-006 has lapsed.",
            ],
            deed: Deed::Refused(MERIT, 403, "security-confirmation-lapsed", ["TT-2026-006"; 2]),
        }],
    },
    Scene {
        title: ["Chứng thư số không dùng được", "Certificates that open nothing"],
        steps: &[
            Step {
                says: ["Chứng thư số hết hạn: không bắt tay được.", "An expired certificate: no handshake."],
                deed: Deed::TurnedAway(Call { certificate: "expired", ..CITIZEN }, "certificate-expired"),
            },
            Step {
                says: [
                    "Chứng thư số do tổ chức lạ cấp: không bắt tay được.",
                    "A certificate of a foreign authority: no handshake.",
                ],
                deed: Deed::TurnedAway(
                    Call { certificate: "foreign", ..CITIZEN },
                    "certificate-unknown-authority",
                ),
            },
            Step {
                says: [
                    "Chứng thư số bị thu hồi: không bắt tay được.",
                    "A revoked certificate: no handshake.",
                ],
                deed: Deed::TurnedAway(Call { certificate: "revoked", ..CITIZEN }, "certificate-revoked"),
            },
            Step {
                says: [
                    "Chứng thư số của sở đã hợp nhất (mã cũ H54.05): bị từ chối, và được ghi lại.",
                    "The certificate of a department that was merged away (old code H54.05): refused, and recorded.",
                ],
                deed: Deed::Refused(Call { certificate: "H54.05", ..CITIZEN }, 403, "no-agreement", ["", ""]),
            },
            Step {
                says: [
                    "Đơn vị vận hành xem mã cũ ấy nay là ai.",
                    "The operator looks up who that old code is today.",
                ],
                deed: Deed::Formerly("H54.05", "H31.05"),
            },
        ],
    },
    Scene {
        title: ["Nền tảng đất đai ngừng, rồi trở lại", "The land platform stops, and comes back"],
        steps: &[
            Step {
                says: ["Nền tảng đất đai ngừng.", "The land platform stops."],
                deed: Deed::Stop("dat-dai"),
            },
            Step {
                says: ["Cổng nói rõ lỗi ở đâu.", "The gateway says where the fault is."],
                deed: Deed::Refused(PARCEL, 502, "platform-unreachable", [r#""hop":"platform""#; 2]),
            },
            Step {
                says: ["Nền tảng đất đai trở lại.", "The land platform comes back."],
                deed: Deed::Restart("dat-dai"),
            },
            Step {
                says: ["Tra cứu lại.", "The same question again."],
                deed: Deed::Released(PARCEL, PARCEL_REMOVED),
            },
        ],
    },
    Scene {
        title: [
            "Câu hỏi về thỏa thuận: văn bản từ chối, thử chính sách mới, ma trận quyền",
            "Questions about agreements: the written refusal, a policy tried out, the matrix",
        ],
        steps: &[
            Step {
                says: [
                    "Lập văn bản trả lời từ chối cho lần hỏi tôn giáo.",
                    "The written refusal of the question about religion is made.",
                ],
                deed: Deed::Paper,
            },
            Step {
                says: [
                    "Thử bộ chính sách chặt hơn (giờ khai thác ngắn hơn) trên các giao dịch vừa qua.",
                    "Tightened policies (shorter hours) are tried on the traffic just made.",
                ],
                deed: Deed::Replay,
            },
            Step {
                says: [
                    "Ma trận quyền truy cập: cơ quan nào tới được dịch vụ nào.",
                    "The access matrix: which agency reaches which service.",
                ],
                deed: Deed::Matrix,
            },
        ],
    },
    Scene {
        title: ["Nhật ký: kiểm tra, rồi thử sửa một bản sao", "The log: verified, and then a copy is edited"],
        steps: &[
            Step {
                says: [
                    "Dựng lại toàn bộ nhật ký từ các byte trên đĩa.",
                    "The whole log is rebuilt from the bytes on the disk.",
                ],
                deed: Deed::Verify,
            },
            Step {
                says: [
                    "Trong một bản sao, sửa đúng một byte: thỏa thuận TT-2026-001 thành TT-2026-003.",
                    "In a copy, one byte is changed: agreement TT-2026-001 becomes TT-2026-003.",
                ],
                deed: Deed::Edit,
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_there_in_both_languages() {
        let steps = STORY.iter().flat_map(|scene| scene.steps.iter().map(|step| step.says));
        for [vi, en] in STORY.iter().map(|scene| scene.title).chain(steps) {
            assert!(!vi.is_empty() && !en.is_empty() && vi != en, "{vi} / {en}");
        }
    }

    #[test]
    fn the_story_shows_what_it_promises() {
        let deeds = || STORY.iter().flat_map(|scene| scene.steps).map(|step| &step.deed);
        let reasons: Vec<_> = deeds()
            .filter_map(|deed| match deed {
                Deed::Refused(_, _, reason, _) => Some(*reason),
                _ => None,
            })
            .collect();
        for reason in [
            "header-missing",
            "field-not-granted",
            "security-confirmation-lapsed",
            "no-agreement",
            "platform-unreachable",
        ] {
            assert!(reasons.contains(&reason), "{reason}");
        }
        assert!(matches!(STORY.last().unwrap().steps.last().unwrap().deed, Deed::Edit));
    }
}
