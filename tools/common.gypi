# The settings node-gyp expects beside Node's headers, for a Node that came without them. Node-API needs no more.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {
      'Release': {
        'cflags': ['-O3'],
        'msvs_settings': {'VCCLCompilerTool': {'RuntimeLibrary': 0, 'Optimization': 2}},
        'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': '3'},
      },
      'Debug': {'cflags': ['-O0', '-g']},
    },
    'conditions': [
      ['OS!="win"', {'cflags': ['-fPIC', '-pthread'], 'ldflags': ['-pthread']}],
      ['OS=="linux"', {'ldflags': ['-rdynamic']}],
      ['OS=="mac"', {
        'xcode_settings': {
          'ALWAYS_SEARCH_USER_PATHS': 'NO',
          'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
          'CLANG_CXX_LIBRARY': 'libc++',
          'GCC_SYMBOLS_PRIVATE_EXTERN': 'NO',
        },
      }],
    ],
  },
}
