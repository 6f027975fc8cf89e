//! Characters that nobody sees, and that change what is seen.

/// Control characters (C0, DEL, C1), and what prints as nothing: it ends a line, turns its direction
/// round (UAX 9) or makes two names look the same. These are Unicode's default ignorable code points
/// (`Default_Ignorable_Code_Point` of DerivedCoreProperties.txt, UAX 44), the separators U+2028 and
/// U+2029, and the annotation characters U+FFF9 to U+FFFB. Marks that stand on a letter are not among
/// them, for Vietnamese is written with them.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}
