package cloudformation

import "testing"

// TestTransient holds what AWS has said, as bitops tells it, and which of it passes by itself.
func TestTransient(t *testing.T) {
	for text, passes := range map[string]bool{
		"DescribeStacks failed: Rate exceeded (Throttling)":                                 true,
		"CreateChangeSet failed: Service is unable to handle request. (ServiceUnavailable)": true,
		"PutObject failed: Please reduce your request rate. (SlowDown)":                     true,
		`DescribeStacks: exceeded maximum number of attempts, 6, https response error StatusCode: 0, RequestID: , request send failed, Post "https://cloudformation.eu-west-1.amazonaws.com/": dial tcp 52.1.2.3:443: i/o timeout`: true,
		`DescribeStacks: https response error StatusCode: 0, RequestID: , request send failed, Post "https://cloudformation.eu-west-1.amazonaws.com/": EOF`:                                                                        true,

		"CreateChangeSet failed: Limit of 500 stacks (LimitExceededException)":                                                                                               false,
		"DescribeStacks failed: Stack with id app does not exist (ValidationError)":                                                                                          false,
		"DescribeStacks failed: The security token included in the request is expired (ExpiredToken)":                                                                        false,
		"the stack app failed (CREATE_FAILED): CREATE_FAILED A: Rate exceeded (Throttling) was said":                                                                         false,
		`DescribeStacks: request send failed, Post "https://cloudformation.eu-wset-1.amazonaws.com/": dial tcp: lookup cloudformation.eu-wset-1.amazonaws.com: no such host`: false,
	} {
		found := false
		for _, p := range New().Transient() {
			found = found || p.MatchString(text)
		}
		if found != passes {
			t.Errorf("%s: passes %t", text, found)
		}
	}
}
