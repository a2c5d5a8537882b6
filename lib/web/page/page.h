/* page.h - serves the page for people: / and the files that it loads, /page/NAME. In the server's thread. */
#pragma once
#include "web/http/request.h"

#define PAGE_PREFIX "/page/"

enum { PAGE_PREFIX_BYTES = sizeof PAGE_PREFIX - 1 };

/* Answers with the page, which needs no token: it has no data, and asks for a token itself. */
int page_show(struct http_request *r);

/* Answers with a file of the page, or with 404. */
int page_show_file(struct http_request *r);
