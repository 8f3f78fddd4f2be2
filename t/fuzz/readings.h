
/*
 * How servers read a request target, each step written as simply as it can
 * be and without a look at the module: what they decode, cut, drop, resolve.
 * A reading is any sequence of these steps.
 */


#ifndef _READINGS_H_INCLUDED_
#define _READINGS_H_INCLUDED_


#include <string>


typedef std::string (*step_pt)(std::string path);


typedef struct {
    char     letter;
    step_pt  run;
} step_t;


extern const step_t  steps[];


/* the path after the steps of these letters, in their order */
std::string reading(const std::string &letters, std::string path);

/* is the path, in any case, the base or below it? */
bool is_below(const std::string &path, const std::string &base);


#endif /* _READINGS_H_INCLUDED_ */
