/* digits.h - the characters of Unicode that stand for digits and numbers. tests/unit/test_phone.c compares the tables with
 * Python's unicodedata. Thread safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The value of the decimal digit POINT, of any script; -1 if it is none. */
int phone_digit(uint32_t point);

/* True if POINT has a numeric value: a decimal digit, or a character such as a superscript or an ideograph. */
bool phone_numeric(uint32_t point);
