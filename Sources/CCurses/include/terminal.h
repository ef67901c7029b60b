/* SPDX-License-Identifier: GPL-2.0-only */
/* A full-screen terminal through ncurses: what is a macro there, and so out of Swift's reach. */
#ifndef DIOSCOPE_TERMINAL_H
#define DIOSCOPE_TERMINAL_H

enum terminal_look {
	TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_SOFT, TERMINAL_WARNING, TERMINAL_REVERSE,
	TERMINAL_BLUE, TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_RED, TERMINAL_MAGENTA, TERMINAL_CYAN,
};

enum terminal_key {
	TERMINAL_NO_KEY = -1, TERMINAL_RESIZED = -2, TERMINAL_LOST = -3,
};

/*
 * Runs the rest of the program in a child, and puts the terminal right if that is killed or crashes. Returns in the
 * child, or where no child can be made.
 */
void terminal_guard(void);
/* Takes over the terminal; -1 where it cannot hold a screen. */
int terminal_begin(int wants_colour);
/* Gives it back as it was. */
void terminal_end(void);
void terminal_size(int *width, int *height);
void terminal_clear(void);
void terminal_put(int row, int column, const char *text, enum terminal_look look);
void terminal_show(void);
/* A key, or one of terminal_key after so many milliseconds. */
int terminal_read(int milliseconds);

#endif
