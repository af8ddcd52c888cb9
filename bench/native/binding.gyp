# Programs that bench/machine.ts builds for the machine it runs on; no part of the addon.
{
  'target_defaults': {
    'cflags_cc!': ['-fno-exceptions'],
    'cflags_cc': ['-O3', '-march=native', '-ffp-contract=fast', '-std=c++17'],
    'xcode_settings': {'GCC_ENABLE_CPP_EXCEPTIONS': 'YES', 'OTHER_CPLUSPLUSFLAGS': ['-O3', '-mcpu=native', '-ffp-contract=fast', '-std=c++17']},
  },
  'targets': [
    {
      'target_name': 'peak',
      'type': 'executable',
      'product_extension': '',
      'sources': ['peak.cpp', '../../native/dispatch/cpu.cpp'],
      'libraries': ['-lpthread'],
    },
    {
      'target_name': 'wakeup',
      'type': 'executable',
      'product_extension': '',
      'sources': ['wakeup.cpp', '../../native/parallel/thread_pool.cpp'],
      'libraries': ['-lpthread'],
    },
    {
      'target_name': 'openblas',
      'type': 'executable',
      'product_extension': '',
      'sources': ['openblas.cpp'],
      'libraries': ['-ldl'],
    },
  ],
}
