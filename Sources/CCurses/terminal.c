// SPDX-License-Identifier: GPL-2.0-only
#include "terminal.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static SCREEN *screen;
static struct termios before;
static volatile pid_t guarded;

/*
 * For machines without descriptions of terminals: what those below have in common, compiled by tic from
 *
 *	dioscope-ansi|what terminals of today have in common,
 *		am, AX, cols#80, it#8, lines#24, colors#8, pairs#64,
 *		bel=^G, clear=\E[H\E[2J, cr=\r, cub1=\b, cud1=\n, cuf1=\E[C, cuu1=\E[A,
 *		cup=\E[%i%p1%d;%p2%dH, ed=\E[J, el=\E[K, home=\E[H,
 *		bold=\E[1m, dim=\E[2m, rev=\E[7m, sgr0=\E[m,
 *		setaf=\E[3%p1%dm, setab=\E[4%p1%dm, op=\E[39;49m,
 *		smcup=\E[?1049h, rmcup=\E[?1049l, civis=\E[?25l, cnorm=\E[?25h, kbs=^?,
 *
 * and printed by infocmp -Q2 -x.
 */
static const char common[] =
	"b64:GgE1AAIADwBpAYcAZGlvc2NvcGUtYW5zaXx3aGF0IHRlcm1pbmFscyBvZiB0b2RheSBoYXZlIGluIGNvbW1vbgAAAQBQAAgA"
	"GAD__________________________wgAQAD__wAAAgD_____BAAMABAA_____xQAJQAnACsAMgD__zQAOwD__z8A____________"
	"______9DAEgA__9RAP_______1YA__________9bAF8A_____________________________________2gA________________"
	"____________________________________________________________________________________________________"
	"____________________________________________________________________________________________________"
	"____________________________________________________________________________________________________"
	"____________________________________________________________________________________________________"
	"____________________________________________________________________________________________________"
	"____________________________________________________________________________________________________"
	"__________________________9qAP______________________________________________________________________"
	"____________________________________________________________________________________________cwB9AAcA"
	"DQAbW0gbWzJKABtbSwAbW0oAG1slaSVwMSVkOyVwMiVkSAAKABtbSAAbWz8yNWwACAAbWz8yNWgAG1tDABtbQQAbWzFtABtbPzEw"
	"NDloABtbMm0AG1s3bQAbW20AG1s_MTA0OWwAfwAbWzM5OzQ5bQAbWzMlcDElZG0AG1s0JXAxJWRtAAABAAAAAAABAAMAAQAAAEFY"
	"AA==";
static const char *const known[] = {
	"xterm", "screen", "tmux", "rxvt", "linux", "vt100", "vt220", "konsole", "putty", "alacritty", "foot", "kitty",
};

/* Where the terminal is one of the usual ones, and this machine has no description of it. */
static void describe(void)
{
	const char *terminal = getenv("TERM");
	int error;

	if (!terminal || setupterm(NULL, STDOUT_FILENO, &error) == OK)
		return;
	for (size_t place = 0; place < sizeof(known) / sizeof(*known); place++) {
		if (strncmp(terminal, known[place], strlen(known[place])))
			continue;
		setenv("TERMINFO", common, 1);
		setenv("TERM", "dioscope-ansi", 1);
		return;
	}
}

static void pass_on(int number)
{
	if (guarded > 0)
		kill(guarded, number);
}

/* What the child would have undone: modes of the terminal, the other screen, the hidden cursor. */
static void restore(void)
{
	int error;

	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return;
	if (exit_attribute_mode)
		putp(exit_attribute_mode);
	if (cursor_normal)
		putp(cursor_normal);
	if (exit_ca_mode)
		putp(exit_ca_mode);
	fflush(stdout);
}

/* The terminal's own reach the child as well. */
static void pass_on_sent(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code != SI_KERNEL)
		pass_on(number);
}

static void pass_on_if_sent(int number)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = pass_on_sent;
	sigaction(number, &action, NULL);
}

void terminal_guard(void)
{
	pid_t guard = getpid();
	int status;

	if (tcgetattr(STDIN_FILENO, &before))
		return;
	describe();
	guarded = fork();
	if (guarded == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != guard)
			_exit(128 + SIGTERM);
	}
	if (guarded <= 0)
		return;
	pass_on_if_sent(SIGINT);
	pass_on_if_sent(SIGQUIT);
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	while (waitpid(guarded, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		restore();
		_exit(128 + WTERMSIG(status));
	}
	/* A second signal ends it on the spot. */
	if (WEXITSTATUS(status) > 128)
		restore();
	_exit(WEXITSTATUS(status));
}

int terminal_begin(int wants_colour)
{
	static const short colours[] = {
		COLOR_BLUE, COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_MAGENTA, COLOR_CYAN
	};

	setlocale(LC_CTYPE, "");
	/* What is drawn is cut to the window; Esc alone is a key. */
	set_escdelay(50);
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -1;
	/* Without it a line cannot be drawn over. */
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
		endwin();
		delscreen(screen);
		screen = NULL;
		return -1;
	}
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	curs_set(0);
	if (wants_colour && has_colors()) {
		start_color();
		use_default_colors();
		for (short pair = 0; pair < 6; pair++)
			init_pair(pair + 1, colours[pair], -1);
	}
	return 0;
}

void terminal_end(void)
{
	struct termios now;

	if (!screen)
		return;
	/*
	 * If the guard was killed, the shell has the terminal back, and may have set its modes already: then they stay,
	 * and setting them is no reason to stop.
	 */
	signal(SIGTTOU, SIG_IGN);
	if (!tcgetattr(STDIN_FILENO, &now) && tcgetpgrp(STDIN_FILENO) != getpgrp() && now.c_lflag & ICANON)
		def_shell_mode();
	endwin();
	delscreen(screen);
	screen = NULL;
}

void terminal_size(int *width, int *height)
{
	getmaxyx(stdscr, *height, *width);
}

void terminal_clear(void)
{
	erase();
}

static attr_t look_of(enum terminal_look look)
{
	switch (look) {
	case TERMINAL_PLAIN: return A_NORMAL;
	case TERMINAL_BOLD: return A_BOLD;
	case TERMINAL_SOFT: return A_DIM;
	case TERMINAL_REVERSE: return A_REVERSE;
	case TERMINAL_WARNING: return A_BOLD | COLOR_PAIR(4);
	default: return COLOR_PAIR(look - TERMINAL_BLUE + 1);
	}
}

void terminal_put(int row, int column, const char *text, enum terminal_look look)
{
	attrset(look_of(look));
	mvaddstr(row, column, text);
	attrset(A_NORMAL);
}

void terminal_show(void)
{
	refresh();
}

int terminal_read(int milliseconds)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int key;

	timeout(milliseconds);
	key = getch();
	if (key == KEY_RESIZE)
		return TERMINAL_RESIZED;
	if (key == KEY_BACKSPACE)
		return 0x7f;
	if (key == KEY_ENTER)
		return '\r';
	if (key != ERR)
		return key;
	/* Nobody is there any more to press one. */
	if (poll(&input, 1, 0) > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL))
		return TERMINAL_LOST;
	return TERMINAL_NO_KEY;
}
