"""What `count_words` promises in its description, checked without a look at how it does it."""

from function import count_words


def test_nothing_to_count():
    """An empty text and white space hold no words."""
    assert count_words("") == 0
    assert count_words(" \t\n ") == 0


def test_one_word():
    """A word is one, whatever stands around it."""
    assert count_words("word") == 1
    assert count_words("  (word)!  ") == 1
    assert count_words("7") == 1


def test_white_space_of_any_kind_separates():
    """Blanks, tabs and line ends separate, however many there are."""
    assert count_words("one  two\tthree\nfour\r\nfive") == 5
    assert count_words("one\u00a0two") == 2


def test_punctuation_is_no_word():
    """Dashes, dots and signs alone count nothing."""
    assert count_words("- -- ... !? & *") == 0
    assert count_words("yes - no") == 2
    assert count_words("one—two") == 2


def test_one_joint_joins():
    """An apostrophe, a hyphen or an underscore between two letters joins them."""
    assert count_words("don't") == 1
    assert count_words("don’t") == 1
    assert count_words("state-of-the-art") == 1
    assert count_words("snake_case") == 1


def test_two_joints_do_not():
    """Only a single joint joins."""
    assert count_words("yes--no") == 2
    assert count_words("a__b") == 2
    assert count_words("a-'b") == 2


def test_joints_at_the_edge_change_nothing():
    """A joint that has a letter on one side only is punctuation."""
    assert count_words("'quoted'") == 1
    assert count_words("rock 'n' roll") == 3
    assert count_words("_private pre- and post-war") == 4


def test_dots_and_commas_join_digits():
    """A number with groups and decimals is one word."""
    assert count_words("1,240.50") == 1
    assert count_words("pay 3.5 or 4,5 now") == 5


def test_dots_and_commas_do_not_join_letters():
    """Where a letter stands on either side, a dot or a comma separates."""
    assert count_words("end.Start") == 2
    assert count_words("U.S.A.") == 3
    assert count_words("a,b") == 2
    assert count_words("version3.x") == 2


def test_lists_of_numbers():
    """A comma with a blank behind it separates numbers, and so do two commas."""
    assert count_words("1, 2, 3") == 3
    assert count_words("1,,2") == 2


def test_letters_and_digits_run_together():
    """Letters and digits without anything between them are one word, and a hyphen joins them too."""
    assert count_words("abc123 4th") == 2
    assert count_words("covid-19") == 1


def test_letters_of_any_script():
    """Polish, Greek, Cyrillic and Hindi words count as words."""
    assert count_words("Zażółć gęślą jaźń") == 3
    assert count_words("καλημέρα κόσμε") == 2
    assert count_words("доброе утро") == 2
    assert count_words("नमस्ते दुनिया") == 2


def test_scripts_without_spaces():
    """An unbroken run is one word; punctuation breaks it."""
    assert count_words("東京都") == 1
    assert count_words("東京、大阪。") == 2


def test_symbols_and_emoji_are_no_letters():
    """A symbol neither counts nor joins."""
    assert count_words("hi 👋 there") == 2
    assert count_words("👋") == 0
    assert count_words("a+b") == 2
