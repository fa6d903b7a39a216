//! Encodings from before UTF-8, told by the letters that a text uses.
//!
//! [`legacy`] looks at the beginning of a text that is not UTF-8 and names its encoding where it is sure enough, so that
//! patterns with letters beyond ASCII match and excerpts can be read. It is in doubt rather than wrong: what is not
//! converted is still matched byte by byte, while a wrong double-byte encoding would swallow letters of ASCII.
//!
//! Only the head of an input is looked at. A text whose first such letter comes later stays as it is. Converting is
//! for `decode`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1252};

/// Letters beyond ASCII that a text must have, unless it is of western Europe, where one accent in a log is common. Fewer could be
/// stray bytes that happen to make letters.
const LETTERS: usize = 8;

/// Names the encoding of a text that begins with `head`; `None` when it is UTF-8 or uncertain.
pub(super) fn legacy(head: &[u8]) -> Option<&'static Encoding> {
    let (whole, broken) = count_utf8(head);
    // A text in UTF-8 with stray bytes has more characters that are whole.
    if broken == 0 || whole > broken {
        return None;
    }
    // The escape sequences of its rival for Japanese are those of colours.
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, false);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let mut text = String::with_capacity(head.len() * 3);
    // The last character may be cut off.
    let (_, _, has_errors) = encoding.new_decoder_without_bom_handling().decode_to_string(head, &mut text, false);
    let others = text.chars().filter(|letter| !letter.is_ascii());
    let letters = others.clone().filter(|letter| letter.is_alphabetic()).count();
    let is_sure = if encoding.is_single_byte() {
        // Degrees and quotation marks stand beside letters. A byte that is none of these is no text.
        letters * 2 >= others.clone().count() && !others.clone().any(char::is_control)
    } else {
        letters * 4 >= others.clone().count() * 3
    };
    let least = if encoding == WINDOWS_1252 { 1 } else { LETTERS };
    (is_sure && !has_errors && letters >= least).then_some(encoding)
}

/// Counts the characters beyond ASCII that are UTF-8, and the places where bytes are not.
fn count_utf8(head: &[u8]) -> (usize, usize) {
    let (mut whole, mut broken) = (0, 0);
    let mut rest = 0;
    for chunk in head.utf8_chunks() {
        whole += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        rest += chunk.valid().len() + chunk.invalid().len();
        // At the very end a character may be cut off.
        let is_cut =
            rest == head.len() && str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        broken += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    (whole, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(encoding: &'static Encoding, text: &str) -> Option<&'static str> {
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable);
        legacy(&bytes).map(Encoding::name)
    }

    #[test]
    fn encodings_are_told_by_their_letters() {
        let cases = [
            (encoding_rs::WINDOWS_1252, "2024-01-01 Fehler: Größe der Datei überschritten\n"),
            (encoding_rs::WINDOWS_1252, "ERROR: accès refusé à l'élément demandé\n"),
            (encoding_rs::WINDOWS_1251, "Ошибка: не удалось открыть файл конфигурации\n"),
            (encoding_rs::KOI8_U, "Ошибка: не удалось открыть файл конфигурации\n"),
            (encoding_rs::SHIFT_JIS, "エラー: ファイルを開くことができませんでした\n"),
            (encoding_rs::EUC_JP, "エラー: ファイルを開くことができませんでした\n"),
            (encoding_rs::GBK, "错误：无法打开配置文件，请检查路径是否正确\n"),
            (encoding_rs::BIG5, "錯誤：無法開啟設定檔，請檢查路徑是否正確\n"),
            (encoding_rs::EUC_KR, "오류: 구성 파일을 열 수 없습니다\n"),
        ];
        for (encoding, text) in cases {
            assert_eq!(told(encoding, text), Some(encoding.name()), "{text}");
        }
    }

    #[test]
    fn utf8_is_not_taken_for_anything_else() {
        let text = "ERROR Größe überschritten 错误\n".repeat(3);
        assert_eq!(legacy(text.as_bytes()), None);
        for end in 0..text.len() {
            assert_eq!(legacy(&text.as_bytes()[..end]), None);
        }
        let mut stray = text.into_bytes();
        stray.extend(b"peer said \xff\xfe\n");
        assert_eq!(legacy(&stray), None);
        assert_eq!(legacy(b"plain\n"), None);
    }

    #[test]
    fn stray_bytes_are_no_letters() {
        for bytes in [&b"got \x81\x8d from peer\n"[..], b"\x80\x90\xa0 failed\n", b"mask \xfe\xfe\xffabc \x81e \x85x\n"]
        {
            assert!(legacy(bytes).is_none_or(Encoding::is_single_byte), "{}", bytes.escape_ascii());
        }
        // Each of these lead bytes would swallow the letter of ASCII behind it.
        assert!(legacy(b"\x81ERROR \x82ERROR \x83ERROR\n").is_none_or(Encoding::is_single_byte));
    }
}
