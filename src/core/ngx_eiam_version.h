
/*
 * The version of the module, and its only place in the sources.  "make check"
 * compares CHANGES with it, and .ci/dist names the release by it.
 */


#ifndef _NGX_EIAM_VERSION_H_INCLUDED_
#define _NGX_EIAM_VERSION_H_INCLUDED_


#define NGX_EIAM_VERSION  "0.2.0"


#endif /* _NGX_EIAM_VERSION_H_INCLUDED_ */
