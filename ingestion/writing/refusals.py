"""Which answers of ClickHouse are about the rows, and which about itself. Pure.

Only what is named here may end a record as a dead letter. Everything else is an outage, whatever it says:
wrong credentials, a missing table or column, no memory, no disk, too many parts, read-only.
"""

DATA_ERRORS = {
    6: "CANNOT_PARSE_TEXT",
    25: "CANNOT_PARSE_ESCAPE_SEQUENCE",
    26: "CANNOT_PARSE_QUOTED_STRING",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    38: "CANNOT_PARSE_DATE",
    41: "CANNOT_PARSE_DATETIME",
    53: "TYPE_MISMATCH",
    69: "ARGUMENT_OUT_OF_BOUND",
    70: "CANNOT_CONVERT_TYPE",
    72: "CANNOT_PARSE_NUMBER",
    117: "INCORRECT_DATA",
    131: "TOO_LARGE_STRING_SIZE",
    321: "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
    349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
    407: "DECIMAL_OVERFLOW",
    469: "VIOLATED_CONSTRAINT",
    691: "UNKNOWN_ELEMENT_OF_ENUM",
}
"""Codes of ClickHouse that say that a row does not fit its table.

Not among them: 33 CANNOT_READ_ALL_DATA, since a body that was cut off on its way says so too; 16 and 60,
since a column or a table that is missing is missing for every row.
"""


def is_about_rows(code: int) -> bool:
    """Whether an answer with this code may be a record's fault."""
    return code in DATA_ERRORS


def reason(code: int, place: str) -> str:
    """What a dead letter says: the column or constraint, if it is known, and the code. Never a value."""
    return f"ClickHouse refuses {place or 'it'} ({code} {DATA_ERRORS.get(code, 'UNKNOWN')})"
